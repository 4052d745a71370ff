/** Where the chunks of a download go: to disk, or to memory where the disk takes no more. */
import type { ChunkTarget } from '#core/fetch/chunked-job.ts';
import type { BlobContent, BlobWriter, StoredBlob } from './blobs.ts';
import { hashOfChunk } from './chunk-hashes.ts';

export class DiskTarget implements ChunkTarget {
  readonly #writer: BlobWriter;
  readonly #content: BlobContent;

  constructor(writer: BlobWriter, content: BlobContent) {
    this.#writer = writer;
    this.#content = content;
  }

  has(index: number): boolean {
    return this.#writer.hash(index) !== undefined;
  }

  async take(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const { hashes, chunkSize } = this.#content;
    const hash = await hashOfChunk(bytes);
    if (hashes && hash !== hashes[index]) return false;
    this.#writer.write(index, index * chunkSize, bytes, hash);
    return true;
  }
}

/** What is on disk already is used from there. The browser stores Blobs outside the JavaScript heap. */
export class MemoryTarget implements ChunkTarget {
  readonly #content: BlobContent;
  readonly #chunks: (Blob | undefined)[];

  /** @param stored only chunks that were verified */
  constructor(content: BlobContent, stored: StoredBlob | undefined) {
    this.#content = content;
    const { size, chunkSize } = content;
    this.#chunks = Array.from({ length: Math.ceil(size / chunkSize) }, (_, index) =>
      stored?.hashes[index] === undefined
        ? undefined
        : stored.file.slice(index * chunkSize, Math.min(size, (index + 1) * chunkSize)),
    );
  }

  has(index: number): boolean {
    return this.#chunks[index] !== undefined;
  }

  async take(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const hash = this.#content.hashes?.[index];
    if (hash !== undefined && (await hashOfChunk(bytes)) !== hash) return false;
    this.#chunks[index] = new Blob([bytes]);
    return true;
  }

  /** @throws RangeError if a chunk is missing */
  blob(): Blob {
    return new Blob(
      Array.from(this.#chunks, (chunk, index) => {
        if (!chunk) throw new RangeError(`chunk ${index} is missing`);
        return chunk;
      }),
    );
  }
}
