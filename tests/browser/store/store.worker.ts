/** The store as the engine worker has it; errors cross as data, as they do there. */
import { expose } from 'comlink';
import type { PackageSource } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import { openPackage } from '../../../workers/store/package.ts';
import type { StoreNotice } from '#core/protocol/engine.ts';
import { BlobStore } from '../../../workers/store/blobs.ts';
import { hashOfChunk } from '../../../workers/store/chunk-hashes.ts';
import { manifestOf } from '../../../workers/store/garbage.ts';
import { packageId, PackageRecords } from '../../../workers/store/records.ts';
import { sha256 } from '../../../workers/store/sha256.ts';
import { contentOf } from './setup.ts';

export interface ReadResult {
  bytes?: Uint8Array<ArrayBuffer>;
  list?: readonly string[] | undefined;
  failure?: { code: string; detail: object };
  aborted?: { name: string };
  notices: StoreNotice[];
  progress: [done: number, total: number | undefined][];
}

/** `STALL_MILLISECONDS` of core/fetch/network.ts */
const STALL_MILLISECONDS = 15_000;

interface Circumstances {
  /** Aborts when so many bytes are there. */
  abortAt?: number;
  /** When so many bytes are there, the wait for more is over at once. */
  silentAt?: number;
  /** As in a private window. */
  noStorage?: boolean;
  /** What the browser says is left. */
  roomLeft?: number;
  /** The disk fills up after so many bytes although the browser promised more. */
  diskEndsAt?: number;
  /** As if another tab had the files open, with a page that takes no locks. */
  locked?: boolean;
  /** Only looked at. */
  keep?: boolean;
}

const api = {
  async read(source: PackageSource, path: string, circumstances: Circumstances = {}): Promise<ReadResult> {
    const { undo, expire } = arrange(circumstances);
    const result: ReadResult = { notices: [], progress: [] };
    const abort = new AbortController();
    const { signal } = abort;
    let isSilent = false;
    try {
      const notice = (one: StoreNotice) => result.notices.push(one);
      const reader = await openPackage(source, { notice, signal, keep: circumstances.keep ?? true });
      result.list = reader.list();
      const progress = (_: string, done: number, total: number | undefined) => {
        result.progress.push([done, total]);
        // Later, so that the download stands in a read that brings nothing.
        if (done >= (circumstances.abortAt ?? Infinity)) setTimeout(() => abort.abort(), 100);
        if (!isSilent && done >= (circumstances.silentAt ?? Infinity)) {
          isSilent = true;
          setTimeout(expire, 100);
        }
      };
      const blob = await reader.blob(path, { signal, progress });
      result.bytes = new Uint8Array(await blob.arrayBuffer());
    } catch (error) {
      if (error instanceof FailureError) result.failure = { code: error.code, detail: error.detail };
      else if (signal.aborted && error instanceof DOMException) result.aborted = { name: error.name };
      else throw error;
    } finally {
      undo();
    }
    return result;
  },

  async has(source: PackageSource, path: string): Promise<boolean> {
    return (await openPackage(source)).has(path);
  },

  /** Overwrites one byte of what lies on disk. */
  async spoil(url: string, path: string, at: number): Promise<void> {
    const folder = await (await PackageRecords.open())?.find(await packageId(url));
    const manifest = folder && (await manifestOf(folder));
    const id = manifest ? (await manifest.content(path)).id : (await folder?.file(path))?.blob;
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-store');
    const blobs = await root.getDirectoryHandle('blobs');
    const handle = await (await blobs.getFileHandle(id ?? 'none')).createSyncAccessHandle();
    const byte = new Uint8Array(1);
    handle.read(byte, { at });
    handle.write(Uint8Array.of((byte[0] ?? 0) ^ 1), { at });
    handle.close();
  },

  /** As in a browser that was never here: packages with the same bytes share them. */
  async empty(): Promise<void> {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('model-store', { recursive: true }).catch(() => undefined);
  },

  /** Hashes of chunks of these lengths, all asked for at once, beside what they are, and how many of them went to another thread. */
  async hashes(lengths: readonly number[]): Promise<{ hashes: string[]; right: string[]; posted: number }> {
    const { prototype } = Worker;
    const { postMessage } = prototype;
    let posted = 0;
    prototype.postMessage = new Proxy(postMessage, {
      apply(target, worker: Worker, given: unknown[]) {
        posted++;
        Reflect.apply(target, worker, given);
      },
    });
    const chunks = lengths.map((length, at) => contentOf('chunk', length, at));
    const hashes = await Promise.all(chunks.map(hashOfChunk));
    prototype.postMessage = postMessage;
    return { hashes, right: await Promise.all(chunks.map(sha256)), posted };
  },

  /** How many files the store holds, of all packages. */
  async blobs(): Promise<number> {
    return (await (await BlobStore.open())?.ids())?.length ?? 0;
  },

  /** Every file of the store with its bytes as text: equal where nothing was written. */
  async everything(): Promise<Record<string, string>> {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-store', { create: true });
    const found: Record<string, string> = {};
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, handle] of folder.entries())
        if (handle instanceof FileSystemDirectoryHandle) await walk(handle, `${path}${name}/`);
        else if (handle instanceof FileSystemFileHandle) found[path + name] = await (await handle.getFile()).text();
    };
    await walk(root, '');
    return found;
  },
};

/** `expire` ends the waits for bytes that are under way, which otherwise last for ever: no test waits for a clock. */
function arrange({ noStorage, roomLeft, diskEndsAt, locked }: Circumstances): { undo: () => void; expire: () => void } {
  const waits = new Map<number, () => void>();
  const { setTimeout: start, clearTimeout: clear } = self;
  const isWait = (milliseconds: number | undefined) => milliseconds === STALL_MILLISECONDS;
  Object.assign(self, {
    setTimeout: (callback: () => void, milliseconds?: number) => {
      if (!isWait(milliseconds)) return start(callback, milliseconds);
      // A timer of its own number that never comes.
      const id = start(() => undefined, 2 ** 31 - 1);
      waits.set(id, callback);
      return id;
    },
    clearTimeout: (id?: number) => {
      if (id !== undefined) waits.delete(id);
      clear(id);
    },
  });
  const expire = () => {
    const callbacks = [...waits.values()];
    waits.clear();
    for (const callback of callbacks) callback();
  };

  const storage = navigator.storage;
  const handle = FileSystemSyncAccessHandle.prototype;
  const write = handle.write;
  if (noStorage) storage.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'));
  if (roomLeft !== undefined) storage.estimate = () => Promise.resolve({ quota: roomLeft, usage: 0 });
  if (diskEndsAt !== undefined)
    handle.write = function (bytes, options) {
      if ((options?.at ?? 0) + bytes.byteLength > diskEndsAt) throw new DOMException('full', 'QuotaExceededError');
      return write.call(this, bytes, options);
    };
  const files = FileSystemFileHandle.prototype;
  const open = files.createSyncAccessHandle;
  if (locked)
    files.createSyncAccessHandle = function () {
      // Records have names that end in .json.
      return this.name.includes('.json')
        ? open.call(this)
        : Promise.reject(new DOMException('open', 'NoModificationAllowedError'));
    };
  const undo = () => {
    files.createSyncAccessHandle = open;
    Object.assign(self, { setTimeout: start, clearTimeout: clear });
    Reflect.deleteProperty(storage, 'getDirectory');
    Reflect.deleteProperty(storage, 'estimate');
    handle.write = write;
  };
  return { undo, expire };
}

export type StoreWorkerApi = typeof api;
expose(api);
