/** Writes a file from front to back and hashes it meanwhile, whole and in chunks, as manifest.json lists it. */
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { CHUNK_BYTES } from '#core/export/manifest.ts';
import type { ManifestFile } from '#core/protocol/manifest.ts';
import { onFile } from './errors.ts';

export class HashedFile {
  private readonly whole = createHash('sha256');
  private chunk: Hash = createHash('sha256');
  private chunkBytes = 0;
  private readonly chunks: string[] = [];
  private written = 0;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws a system error; EEXIST when the file exists */
  static async create(path: string): Promise<HashedFile> {
    return new HashedFile(path, await open(path, 'wx'));
  }

  get size(): number {
    return this.written;
  }

  async append(bytes: Uint8Array): Promise<void> {
    // Writing and hashing overlap.
    const writing = this.writeAll(bytes);
    this.hash(bytes);
    await onFile(this.path, writing);
  }

  /** Flushes the file to the disk and closes it. */
  async finish(): Promise<ManifestFile> {
    await onFile(this.path, this.handle.sync());
    await onFile(this.path, this.handle.close());
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
