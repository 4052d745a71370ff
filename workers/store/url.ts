/** A package on a web server: each file is downloaded once, into the browser's own file system. */
import { authorized } from '#core/fetch/authorization.ts';
import { CONNECTIONS } from '#core/fetch/chunked-download.ts';
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { isUnreachable, StartPageError } from '#core/fetch/network.ts';
import { probe } from '#core/fetch/probe.ts';
import { Slots } from '#core/fetch/slots.ts';
import { isInnerPath } from '#core/inner-path.ts';
import { FailureError } from '#core/failure.ts';
import { MANIFEST, MAX_MANIFEST_BYTES } from '#core/protocol/manifest.ts';
import { BlobStore } from './blobs.ts';
import { fetchBlob, type BlobRequest, type Storage } from './fetch-blob.ts';
import { ForeignFiles } from './foreign.ts';
import { removeGarbage } from './garbage.ts';
import { network as workerNetwork } from './network.ts';
import { packageId, PackageRecords, type PackageFolder } from './records.ts';
import type { PackageReader, ReadOptions, StoreOptions } from './reader.ts';
import { StoredManifest } from './stored-manifest.ts';

/** The largest published Gemma 3 has 55 GB in files of 5; ONNX Runtime's web build reads no more than 4 GiB of one. */
const MAX_FILE_BYTES = 16 * 2 ** 30;

/**
 * @param url ends in "/"
 * @param token access token for the origin of `url`
 * @throws FailureError network when the server cannot be reached and nothing is stored from an earlier visit
 */
export async function openUrl(url: string, options: StoreOptions = {}, token?: string): Promise<PackageReader> {
  const network = authorized(workerNetwork, url, token);
  const [blobs, records] = [await BlobStore.open(), await PackageRecords.open()];
  const { keep: keeps = true, notice = () => undefined } = options;
  const id = await packageId(url);
  const folder = keeps ? await records?.create(id) : await records?.find(id);
  const storage = { network, blobs, keeps, notice };
  const reader = new UrlReader(url, storage, folder);
  await reader.readManifest(options);
  if (!keeps) return reader;
  const used = new Date().toISOString();
  await folder?.setRecord({ url, name: url.split('/').filter(Boolean).at(-1) ?? url, used }).catch(() => undefined);
  return reader;
}

class UrlReader implements PackageReader {
  readonly name: string;
  readonly #storage: Storage;
  readonly #folder: PackageFolder | undefined;
  /** The same, where it may be written. */
  readonly #written: PackageFolder | undefined;
  readonly #foreign: ForeignFiles;
  readonly #slots = new Slots(CONNECTIONS);
  readonly #blobs = new Map<string, Promise<Blob>>();
  #manifest: StoredManifest | undefined;
  /** True if the server no longer has the manifest, so that the one of an earlier visit is used. */
  #manifestIsGone = false;

  constructor(url: string, storage: Storage, folder: PackageFolder | undefined) {
    this.name = url;
    this.#storage = storage;
    this.#folder = folder;
    this.#written = storage.keeps ? folder : undefined;
    this.#foreign = new ForeignFiles(storage, folder);
  }

  /** The manifest is small and describes all other files: it is fetched again each time. */
  async readManifest({ signal, onKept }: StoreOptions): Promise<void> {
    const { network, notice } = this.#storage;
    const kept = await this.#folder?.manifest();
    if (kept) onKept?.();
    let text: string;
    try {
      const request = { url: this.#address(MANIFEST), file: MANIFEST, limit: MAX_MANIFEST_BYTES, signal };
      text = await (await fetchFile(network, { ...request, cache: 'no-cache' })).text();
    } catch (error) {
      signal?.throwIfAborted();
      // The login page of a Wi-Fi network does not come from the server: the stored manifest is used instead.
      const isAbsent =
        error instanceof FailureError && error.code === 'file-missing' && !(error instanceof StartPageError && kept);
      if (isAbsent && kept) {
        // A server in trouble answers 404 too. What the manifest verified earlier is still valid.
        this.#manifestIsGone = true;
        notice({ type: 'gone-copy', file: MANIFEST });
        this.#manifest = new StoredManifest(kept);
        return;
      }
      if (isAbsent) {
        notice({ type: 'unchecked', file: MANIFEST });
        // An empty text records that there is no manifest, so that this is known offline too.
        await this.#written?.setManifest('').catch(() => undefined);
        return;
      }
      if (kept === undefined || !(isUnreachable(error) || error instanceof StartPageError)) throw error;
      if (kept === '') {
        notice({ type: 'unchecked', file: MANIFEST });
        return;
      }
      notice({ type: 'offline-copy', file: MANIFEST });
      this.#manifest = new StoredManifest(kept);
      return;
    }
    this.#manifest = new StoredManifest(text);
    if (text === kept || !this.#written) return;
    // The copy is for offline visits; a full disk must not stop this one.
    await this.#written.setManifest(text).catch(() => undefined);
    // What only the old manifest named.
    if (kept !== undefined) await removeGarbage().catch(() => undefined);
  }

  list(): readonly string[] | undefined {
    return this.#manifest?.list();
  }

  async has(path: string, { signal }: ReadOptions = {}): Promise<boolean> {
    if (this.#manifest) return path === MANIFEST || this.#manifest.has(path);
    try {
      await probe(this.#storage.network, { url: this.#address(path), file: path, signal });
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof FailureError && error.code === 'file-missing') return false;
      if (await this.#foreign.kept(path)) return true;
      throw error;
    }
  }

  blob(name: string, options: ReadOptions = {}): Promise<Blob> {
    const path = this.#manifest?.firstName(name) ?? name;
    const known = this.#blobs.get(path);
    if (known) return known;
    const fresh = this.#get(path, options);
    this.#blobs.set(path, fresh);
    fresh.catch(() => this.#blobs.delete(path));
    return fresh;
  }

  async #get(path: string, options: ReadOptions): Promise<Blob> {
    const manifest = this.#manifest;
    if (!manifest) return this.#foreign.get(this.#download(path, options));
    if (path === MANIFEST) return manifest.blob;
    try {
      const download = this.#download(path, options);
      return await fetchBlob(this.#storage, { ...(await manifest.content(path)), download });
    } catch (error) {
      // The package was replaced by one without a manifest: the next try opens that one.
      if (this.#manifestIsGone && isOtherFile(error)) await this.#written?.setManifest('').catch(() => undefined);
      throw error;
    }
  }

  #download(path: string, { signal, progress, limit = MAX_FILE_BYTES }: ReadOptions): BlobRequest['download'] {
    const slots = this.#slots;
    // The HTTP cache would keep a second copy of gigabytes, and answer ranges out of bytes that failed their hash.
    const request = { url: this.#address(path), file: path, limit, cache: 'no-store' as const, signal, progress };
    return { ...request, slots, version: undefined };
  }

  /** @throws FailureError unsupported-package for a path that leads out of the package */
  #address(path: string): string {
    if (!isInnerPath(path))
      throw new FailureError('unsupported-package', { file: path, reason: 'leads out of the package' });
    return this.name + path.split('/').map(encodeURIComponent).join('/');
  }
}

/** True if the server has another file than the manifest says, or none. */
function isOtherFile(error: unknown): boolean {
  return error instanceof FailureError && ['hash-mismatch', 'wrong-length', 'file-missing'].includes(error.code);
}
