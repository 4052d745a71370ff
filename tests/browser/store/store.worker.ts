/** The store as the engine worker has it; errors cross as data, as they do there. */
import { expose } from 'comlink';
import type { PackageSource } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import { openPackage } from '../../../workers/store/package.ts';
import type { StoreNotice } from '#core/protocol/engine.ts';
import { PackageStore } from '../../../workers/store/package-store.ts';

export interface ReadResult {
  bytes?: Uint8Array<ArrayBuffer>;
  list?: readonly string[] | undefined;
  failure?: { code: string; detail: object };
  aborted?: { name: string; milliseconds: number };
  notices: StoreNotice[];
  progress: [done: number, total: number | undefined][];
}

interface Circumstances {
  /** Aborts when so many bytes are there. */
  abortAt?: number;
  /** As in a private window. */
  noStorage?: boolean;
  /** What the browser says is left. */
  roomLeft?: number;
  /** The disk fills up after so many bytes although the browser promised more. */
  diskEndsAt?: number;
  /** As if another tab were downloading the file. */
  locked?: boolean;
}

const api = {
  async read(source: PackageSource, path: string, circumstances: Circumstances = {}): Promise<ReadResult> {
    const undo = arrange(circumstances);
    const result: ReadResult = { notices: [], progress: [] };
    const abort = new AbortController();
    let abortedAt = NaN;
    const { signal } = abort;
    let other: { close(): void } | undefined;
    try {
      if (circumstances.locked && source.type === 'url')
        other = await (await PackageStore.open(source.url))?.sink(path);
      const notice = (one: StoreNotice) => result.notices.push(one);
      const reader = await openPackage(source, { notice, signal });
      result.list = reader.list();
      const progress = (_: string, done: number, total: number | undefined) => {
        result.progress.push([done, total]);
        if (done < (circumstances.abortAt ?? Infinity)) return;
        // Later, so that the download stands in a read that brings nothing.
        setTimeout(() => {
          abortedAt = performance.now();
          abort.abort();
        }, 100);
      };
      const blob = await reader.blob(path, { signal, progress });
      result.bytes = new Uint8Array(await blob.arrayBuffer());
    } catch (error) {
      if (error instanceof FailureError) result.failure = { code: error.code, detail: error.detail };
      else if (signal.aborted && error instanceof DOMException)
        result.aborted = { name: error.name, milliseconds: performance.now() - abortedAt };
      else throw error;
    } finally {
      other?.close();
      undo();
    }
    return result;
  },

  async has(source: PackageSource, path: string): Promise<boolean> {
    return (await openPackage(source)).has(path);
  },

  /** Overwrites one byte of what lies on disk. */
  async spoil(url: string, path: string, at: number): Promise<void> {
    const store = await PackageStore.open(url);
    const sink = await store?.sink(path);
    const bytes = sink?.read(0, sink.length);
    if (!sink || !bytes) throw new Error('nothing to spoil');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    sink.truncate(0);
    sink.write(bytes);
    sink.close();
  },
};

function arrange({ noStorage, roomLeft, diskEndsAt }: Circumstances): () => void {
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
  return () => {
    Reflect.deleteProperty(storage, 'getDirectory');
    Reflect.deleteProperty(storage, 'estimate');
    handle.write = write;
  };
}

export type StoreWorkerApi = typeof api;
expose(api);
