/** Writes a file from front to back and hashes it on the way, whole and in chunks, as manifest.json wants it. */
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { ManifestFile } from '#core/protocol/manifest.ts';

/** Bytes of one hashed chunk. */
export const CHUNK_BYTES = 8 * 2 ** 20;

export class HashedFile {
  private readonly whole = createHash('sha256');
  private chunk: Hash = createHash('sha256');
  private chunkBytes = 0;
  private readonly chunks: string[] = [];
  private written = 0;

  private constructor(private readonly handle: FileHandle) {}

  /** The file must not exist. */
  static async create(path: string): Promise<HashedFile> {
    return new HashedFile(await open(path, 'wx'));
  }

  get size(): number {
    return this.written;
  }

  async append(bytes: Uint8Array): Promise<void> {
    // The disk takes the bytes while they are hashed.
    const writing = this.writeAll(bytes);
    this.hash(bytes);
    await writing;
  }

  /** Closes the file; it is on the disk then. */
  async finish(): Promise<ManifestFile> {
    await this.handle.sync();
    await this.handle.close();
    if (this.chunkBytes > 0) this.chunks.push(this.chunk.digest('hex'));
    return { size: this.written, sha256: this.whole.digest('hex'), chunks: this.chunks };
  }

  /** Closes an unfinished file. */
  close(): Promise<void> {
    return this.handle.close();
  }

  private async writeAll(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.byteLength) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.byteLength - done, this.written);
      done += bytesWritten;
      this.written += bytesWritten;
    }
  }

  private hash(bytes: Uint8Array): void {
    this.whole.update(bytes);
    let start = 0;
    while (start < bytes.byteLength) {
      const end = Math.min(bytes.byteLength, start + CHUNK_BYTES - this.chunkBytes);
      this.chunk.update(bytes.subarray(start, end));
      this.chunkBytes += end - start;
      if (this.chunkBytes === CHUNK_BYTES) {
        this.chunks.push(this.chunk.digest('hex'));
        this.chunk = createHash('sha256');
        this.chunkBytes = 0;
      }
      start = end;
    }
  }
}
