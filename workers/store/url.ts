/** A package on a web server: each file is downloaded once, into the browser's own file system. */
import {
  MANIFEST,
  MAX_MANIFEST_BYTES,
  firstNames,
  parseFileTable,
  type FileTable,
  type ManifestFile,
} from '#core/protocol/manifest.ts';
import { isInnerPath } from '#core/inner-path.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { FailureError } from '#core/failure.ts';
import { authorized } from '#core/fetch/authorization.ts';
import { download, fetchFile, type Download } from '#core/fetch/fetch-file.ts';
import { MemorySink } from '#core/fetch/memory-sink.ts';
import { isUnreachable, probe, StartPageError, type Network } from '#core/fetch/network.ts';
import type { StoreNotice } from '#core/protocol/engine.ts';
import type { PackageReader, ReadOptions, StoreOptions } from './reader.ts';
import { network as workerNetwork } from './network.ts';
import { sha256 } from './sha256.ts';
import { PackageStore, type DiskSink } from './package-store.ts';

/** The largest published Gemma 3 has 55 GB in files of 5; ONNX Runtime's web build reads no more than 4 GiB of one. */
const MAX_FILE_BYTES = 16 * 2 ** 30;

/**
 * @param url ends in "/"
 * @param token access token for the origin of `url`
 * @throws FailureError network when the server cannot be reached and nothing is stored from an earlier visit
 */
export async function openUrl(url: string, options: StoreOptions = {}, token?: string): Promise<PackageReader> {
  const network = authorized(workerNetwork, url, token);
  const reader = new UrlReader(url, network, await PackageStore.open(url), options.notice ?? (() => undefined));
  await reader.readManifest(options);
  return reader;
}

class UrlReader implements PackageReader {
  readonly name: string;
  readonly #network: Network;
  readonly #store: PackageStore | undefined;
  readonly #notice: (notice: StoreNotice) => void;
  readonly #blobs = new Map<string, Promise<Blob>>();
  #table: FileTable | undefined;
  /** Of files with the same bytes only the first is downloaded and kept. */
  #firstNames: ReadonlyMap<string, string> = new Map();
  #manifest: Blob | undefined;
  /** True if the server no longer has the manifest, so that the one of an earlier visit is used. */
  #manifestIsGone = false;

  constructor(url: string, network: Network, store: PackageStore | undefined, notice: (notice: StoreNotice) => void) {
    this.name = url;
    this.#network = network;
    this.#store = store;
    this.#notice = notice;
  }

  /** The manifest is small and describes all other files: it is fetched again each time. */
  async readManifest({ signal, onKept }: StoreOptions): Promise<void> {
    const kept = await this.#store?.note(MANIFEST);
    if (kept) onKept?.();
    let text: string;
    try {
      const request = { url: this.#address(MANIFEST), file: MANIFEST, limit: MAX_MANIFEST_BYTES, signal };
      text = await (await fetchFile(this.#network, { ...request, cache: 'no-cache' })).text();
    } catch (error) {
      signal?.throwIfAborted();
      // The login page of a Wi-Fi network does not come from the server: the stored manifest is used instead.
      const isAbsent =
        error instanceof FailureError && error.code === 'file-missing' && !(error instanceof StartPageError && kept);
      if (isAbsent && kept) {
        // A server in trouble answers 404 too. What the manifest verified earlier is still valid.
        this.#manifestIsGone = true;
        this.#notice({ type: 'gone-copy', file: MANIFEST });
        this.#useManifest(kept);
        return;
      }
      if (isAbsent) {
        // An empty note records that there is no manifest, so that this is known offline too.
        await this.#store?.setNote(MANIFEST, '').catch(() => undefined);
        return;
      }
      if (kept === undefined || !(isUnreachable(error) || error instanceof StartPageError)) throw error;
      if (kept === '') return;
      this.#notice({ type: 'offline-copy', file: MANIFEST });
      text = kept;
    }
    this.#useManifest(text);
    // The copy is for offline visits; a full disk must not stop this one.
    await this.#store?.setNote(MANIFEST, text).catch(() => undefined);
  }

  #useManifest(text: string): void {
    this.#table = parseFileTable(parseJson(text, MANIFEST));
    this.#firstNames = firstNames(this.#table.files);
    this.#manifest = new Blob([text]);
  }

  list(): readonly string[] | undefined {
    return this.#table && [MANIFEST, ...this.#table.files.keys()].sort();
  }

  async has(path: string, { signal }: ReadOptions = {}): Promise<boolean> {
    if (this.#table) return path === MANIFEST || this.#table.files.has(path);
    try {
      await probe(this.#network, { url: this.#address(path), file: path, signal });
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof FailureError && error.code === 'file-missing') return false;
      if ((await this.#kept(path)) !== undefined) return true;
      throw error;
    }
  }

  blob(name: string, options: ReadOptions = {}): Promise<Blob> {
    const path = this.#firstNames.get(name) ?? name;
    const known = this.#blobs.get(path);
    if (known) return known;
    const fresh = this.#get(path, options);
    this.#blobs.set(path, fresh);
    fresh.catch(() => this.#blobs.delete(path));
    return fresh;
  }

  async #get(path: string, options: ReadOptions): Promise<Blob> {
    if (!this.#table) return this.#getPlain(path, options);
    if (path === MANIFEST && this.#manifest) return this.#manifest;
    const entry = this.#table.files.get(path);
    if (!entry) throw new FailureError('file-missing', { file: path });
    try {
      return await this.#getChecked(path, entry, this.#table.chunkSize, options);
    } catch (error) {
      // The package was replaced by one without a manifest: the next try opens that one.
      if (this.#manifestIsGone && isOtherFile(error)) await this.#store?.setNote(MANIFEST, '').catch(() => undefined);
      throw error;
    }
  }

  /** The note of a checked file is its hash. */
  async #getChecked(path: string, entry: ManifestFile, chunkSize: number, options: ReadOptions): Promise<Blob> {
    const kept = await this.#kept(path);
    if (kept && kept.note === entry.sha256 && kept.file.size === entry.size) return kept.file;
    const part = (await this.#store?.file(path))?.size ?? 0;
    const { size, chunks } = entry;
    const isChunk = async (index: number, bytes: Uint8Array<ArrayBuffer>) => (await sha256(bytes)) === chunks[index];
    const job = { ...this.#job(path, options), expected: { size, chunkSize, isChunk } };
    return this.#download(
      job,
      entry.size - part,
      () => entry.sha256,
      (sink) => keepValidChunks(sink, entry, chunkSize, options.signal),
    );
  }

  /** Without a manifest the version that the server reports decides; the note is `complete` or `part`, then that version. */
  async #getPlain(path: string, options: ReadOptions): Promise<Blob> {
    const kept = await this.#kept(path);
    const [state, ...versionWords] = kept?.note.split(' ') ?? [];
    const version = versionWords.join(' ') || undefined;
    if (kept && state === 'complete' && (await this.#isCurrent(path, version, options))) return kept.file;
    const job: Omit<Download, 'sink'> = {
      ...this.#job(path, options),
      version,
      onVersion: (now) => Promise.resolve(this.#store?.setNote(path, `part ${now ?? ''}`)),
    };
    return this.#download(
      job,
      0,
      () => `complete ${job.version ?? ''}`,
      (sink) => {
        if (state !== 'part' || version === undefined) sink.truncate(0);
        return Promise.resolve();
      },
    );
  }

  async #isCurrent(path: string, version: string | undefined, { signal }: ReadOptions): Promise<boolean> {
    try {
      const now = await probe(this.#network, { url: this.#address(path), file: path, signal });
      return version !== undefined && now.version === version;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUnreachable(error) && !(error instanceof StartPageError)) throw error;
      this.#notice({ type: 'offline-copy', file: path });
      return true;
    }
  }

  /** A stored file with its note; undefined if either is missing. The file may be incomplete. */
  async #kept(path: string): Promise<{ file: File; note: string } | undefined> {
    const note = await this.#store?.note(path);
    const file = await this.#store?.file(path);
    return note === undefined || !file ? undefined : { file, note };
  }

  async #download(
    job: Omit<Download, 'sink'>,
    bytes: number,
    /** Called when the file is complete. */
    note: () => string,
    prepare: (sink: DiskSink) => Promise<void>,
  ): Promise<Blob> {
    const inMemory = async (reason: Extract<StoreNotice, { type: 'kept-in-memory' }>['reason']) => {
      this.#notice({ type: 'kept-in-memory', file: job.file, reason });
      const sink = new MemorySink();
      const { onVersion: _, ...rest } = job;
      await download(this.#network, { ...rest, sink });
      return sink.blob();
    };
    const store = this.#store;
    if (!store) return inMemory('no-storage');
    let sink: DiskSink;
    try {
      if (!(await store.hasRoom(bytes))) return await inMemory('no-room');
      sink = await store.sink(job.file);
    } catch (error) {
      const reason = whyNotKept(error);
      if (!reason) throw error;
      return inMemory(reason);
    }
    try {
      await prepare(sink);
      // Object.assign and not a copy: the download writes the version it received into `job`.
      await download(this.#network, Object.assign(job, { sink }));
      // Inside `try`: closing writes what the browser still holds back.
      sink.close();
    } catch (error) {
      const reason = whyNotKept(error);
      if (!reason) throw error;
      sink.close();
      // If the rest of it cannot be removed, the next visit overwrites it.
      await store.remove(job.file).catch(() => undefined);
      return await inMemory(reason);
    } finally {
      sink.close();
    }
    try {
      await store.setNote(job.file, note());
    } catch (error) {
      const reason = whyNotKept(error);
      if (!reason) throw error;
      // Without its note the file counts as incomplete next time.
      this.#notice({ type: 'kept-in-memory', file: job.file, reason });
    }
    const file = await store.file(job.file);
    if (!file) throw new FailureError('file-broken', { file: job.file, reason: 'gone from storage' });
    return file;
  }

  #job(path: string, { signal, progress, limit = MAX_FILE_BYTES }: ReadOptions): Omit<Download, 'sink'> {
    // The HTTP cache would keep a second copy of gigabytes, and answer ranges out of bytes that failed their hash.
    return { url: this.#address(path), file: path, limit, cache: 'no-store', signal, progress };
  }

  /** @throws FailureError unsupported-package for a path that leads out of the package */
  #address(path: string): string {
    if (!isInnerPath(path))
      throw new FailureError('unsupported-package', { file: path, reason: 'leads out of the package' });
    return this.name + path.split('/').map(encodeURIComponent).join('/');
  }
}

/** Why the browser's storage did not take a file; undefined for other errors. */
function whyNotKept(error: unknown): 'no-room' | 'locked' | undefined {
  if (!(error instanceof DOMException)) return undefined;
  if (error.name === 'QuotaExceededError') return 'no-room';
  return error.name === 'NoModificationAllowedError' ? 'locked' : undefined;
}

/** True if the server has another file than the manifest says, or none. */
function isOtherFile(error: unknown): boolean {
  return error instanceof FailureError && ['hash-mismatch', 'wrong-length', 'file-missing'].includes(error.code);
}

/**
 * Truncates the partial file of an earlier visit after its last valid chunk: a crash can leave a damaged end, a new version
 * a wrong beginning.
 */
async function keepValidChunks(
  sink: DiskSink,
  { size, chunks }: ManifestFile,
  chunkSize: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let good = 0;
  for (const hash of chunks) {
    const length = Math.min(chunkSize, size - good);
    if (good + length > sink.length || (await sha256(sink.read(good, length))) !== hash) break;
    good += length;
    signal?.throwIfAborted();
  }
  if (good !== sink.length) sink.truncate(good);
}
