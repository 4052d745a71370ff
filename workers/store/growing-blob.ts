/** A file of the store that is written from front to back and gets the id of its content when it is whole. */
import { CHUNK_BYTES, type FileHashes } from '#core/export/manifest.ts';
import { writeAt } from './opfs.ts';
import { hashOfChunk } from './chunk-hashes.ts';
import type { WholeHash } from './whole-hash.ts';

export class GrowingBlob {
  readonly #handle: FileSystemSyncAccessHandle;
  readonly #whole: WholeHash;
  /** Of each whole chunk, in their order. */
  readonly #chunks: Promise<string>[] = [];
  #chunk = new Uint8Array(CHUNK_BYTES);
  #chunkBytes = 0;
  #size = 0;

  /** Takes the handle over. @param whole of no bytes yet */
  constructor(handle: FileSystemSyncAccessHandle, whole: WholeHash) {
    this.#handle = handle;
    this.#whole = whole;
  }

  get size(): number {
    return this.#size;
  }

  /** Hex SHA-256 of the bytes so far. */
  hash(): Promise<string> {
    return this.#whole.hex();
  }

  /**
   * Takes up what an earlier, broken-off job wrote. A crash may have lost the end of it, so all of it is read and hashed.
   * @param hash undefined where there are no bytes
   * @returns false if these are not the bytes; then the file is empty
   */
  async resume(bytes: number, hash: string | undefined, signal: AbortSignal): Promise<boolean> {
    const has = this.#handle.getSize();
    for (let at = 0; at < bytes && has >= bytes; at += CHUNK_BYTES) {
      signal.throwIfAborted();
      const piece = new Uint8Array(Math.min(CHUNK_BYTES, bytes - at));
      this.#handle.read(piece, { at });
      await this.#take(piece);
    }
    if (this.#size === bytes && (bytes === 0 || (await this.hash()) === hash)) {
      this.#handle.truncate(bytes);
      return true;
    }
    this.#handle.truncate(0);
    return false;
  }

  /** @throws DOMException QuotaExceededError when the disk is full */
  async append(bytes: Uint8Array): Promise<void> {
    // A view of the same bytes with the type that the handle takes; weights are never in shared memory.
    const { buffer, byteOffset, byteLength } = bytes;
    const own = buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
    writeAt(this.#handle, own, this.#size);
    await this.#take(own);
  }

  flush(): void {
    this.#handle.flush();
  }

  /** Writes to the disk and closes. */
  async finish(): Promise<FileHashes> {
    this.#handle.flush();
    this.#handle.close();
    if (this.#chunkBytes > 0) this.#chunks.push(hashOfChunk(this.#chunk.slice(0, this.#chunkBytes)));
    const sha256 = await this.hash();
    this.#whole.end();
    return { size: this.#size, sha256, chunks: await Promise.all(this.#chunks) };
  }

  close(): void {
    this.#whole.end();
    this.#handle.close();
  }

  async #take(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    await this.#whole.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.#chunkBytes);
      this.#chunk.set(part, this.#chunkBytes);
      this.#chunkBytes += part.length;
      at += part.length;
      if (this.#chunkBytes < CHUNK_BYTES) continue;
      // Hashed on another thread while the next chunk fills; no more than two wait.
      const hash = hashOfChunk(this.#chunk);
      this.#chunk = new Uint8Array(CHUNK_BYTES);
      hash.catch(() => undefined); // Reported by `finish`.
      await this.#chunks.at(-1);
      this.#chunks.push(hash);
      this.#chunkBytes = 0;
    }
  }
}
