/** Files of packages without a manifest: the server's version of a file decides whether what is kept is current. */
import { OtherVersionError } from '#core/fetch/chunked-job.ts';
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { isUnreachable, StartPageError } from '#core/fetch/network.ts';
import { probe } from '#core/fetch/probe.ts';
import { FailureError } from '#core/failure.ts';
import type { FileRecord } from '#core/protocol/stored.ts';
import { completeFile, type BlobContent, type BlobStore } from './blobs.ts';
import { fetchBlob, storeBlob, type BlobRequest, type Storage } from './fetch-blob.ts';
import { whyNotKept } from './opfs.ts';
import type { PackageFolder } from './records.ts';
import { sha256OfText } from './sha256.ts';

/** Nobody says hashes: those of what arrives are kept, so that damage on disk is found. Short: a part of one is lost at a reload. */
const CHUNK_BYTES = 256 * 1024;

export class ForeignFiles {
  readonly #storage: Storage;
  readonly #folder: PackageFolder | undefined;

  constructor(storage: Storage, folder: PackageFolder | undefined) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** The whole file of an earlier visit. */
  async kept(path: string): Promise<Blob | undefined> {
    const record = await this.#folder?.file(path);
    return record?.complete ? this.#bytes(record) : undefined;
  }

  /** @throws as `PackageReader.blob` */
  async get(download: BlobRequest['download']): Promise<Blob> {
    const { file, signal } = download;
    const record = await this.#folder?.file(file);
    const kept = record?.complete ? await this.#bytes(record) : undefined;
    for (let tries = 1; ; tries++) {
      let found: Awaited<ReturnType<typeof probe>>;
      try {
        found = await probe(this.#storage.network, download);
      } catch (error) {
        signal?.throwIfAborted();
        if (!kept || !(isUnreachable(error) || error instanceof StartPageError)) throw error;
        this.#storage.notice({ type: 'offline-copy', file });
        return kept;
      }
      const { version, size } = found;
      if (version === undefined || size === undefined) return this.#getPlain(download, version, kept, record);
      if (kept && record?.version === version && record.size === size) return kept;
      try {
        return await this.#getVersion(download, version, size);
      } catch (error) {
        if (!(error instanceof OtherVersionError)) throw error;
        // It changed between the question and the download; a server that names another version each time is not waited for.
        if (tries === 2) throw new FailureError('file-broken', { file, reason: error.message }, { cause: error });
      }
    }
  }

  async #getVersion(download: BlobRequest['download'], version: string, size: number): Promise<Blob> {
    const content: BlobContent = { size, chunkSize: CHUNK_BYTES, hashes: undefined };
    const id = await sha256OfText(`${download.url}\n${version}\n${size}`);
    const record: FileRecord = {
      ...{ path: download.file, blob: id, size, chunkSize: CHUNK_BYTES, version, complete: false },
    };
    await this.#keep(record);
    const blob = await fetchBlob(this.#storage, { id, content, download: { ...download, version } });
    if (blob instanceof File) await this.#keep({ ...record, complete: true });
    return blob;
  }

  /** A server that names no version or no length: the whole file comes at once, and again at every visit. */
  async #getPlain(
    download: BlobRequest['download'],
    version: string | undefined,
    kept: Blob | undefined,
    record: FileRecord | undefined,
  ): Promise<Blob> {
    if (kept && version !== undefined && record?.version === version) return kept;
    const blob = await fetchFile(this.#storage.network, download);
    const { blobs, keeps, notice } = this.#storage;
    const { file } = download;
    if (!keeps) return blob;
    if (!blobs || !this.#folder) {
      notice({ type: 'kept-in-memory', file, reason: 'no-storage' });
      return blob;
    }
    const id = await sha256OfText(`${download.url}\n${version ?? ''}\n${crypto.randomUUID()}`);
    const content: BlobContent = { size: blob.size, chunkSize: CHUNK_BYTES, hashes: undefined };
    try {
      if (record) await blobs.remove(record.blob);
      await storeBlob(blobs, id, content, blob);
      await this.#folder.setFile({
        ...{ path: file, blob: id, size: blob.size, chunkSize: CHUNK_BYTES, complete: true },
        ...(version !== undefined && { version }),
      });
      return completeFile(await blobs.read(id), content) ?? blob;
    } catch (error) {
      const reason = whyNotKept(error);
      if (!reason) throw error;
      notice({ type: 'kept-in-memory', file, reason });
      await blobs.remove(id).catch(() => undefined);
      return blob;
    }
  }

  /** Removes the bytes of another version. What cannot be noted is fetched again at the next visit. */
  async #keep(record: FileRecord): Promise<void> {
    const folder = this.#storage.keeps ? this.#folder : undefined;
    if (!folder) return;
    const before = await folder.file(record.path);
    try {
      if (before && before.blob !== record.blob) await this.#storage.blobs?.remove(before.blob);
      await folder.setFile(record);
    } catch (error) {
      if (!whyNotKept(error)) throw error;
    }
  }

  async #bytes(record: FileRecord): Promise<File | undefined> {
    return fileOf(this.#storage.blobs, record);
  }
}

/** The bytes of a file without a manifest, if all of them are there. */
export async function fileOf(blobs: BlobStore | undefined, record: FileRecord): Promise<File | undefined> {
  return completeFile(await blobs?.read(record.blob), { ...record, hashes: undefined });
}
