import { createHash } from 'node:crypto';
import type { ChunkedDownload, ChunkTarget } from '#core/fetch/chunked-job.ts';
import { Slots } from '#core/fetch/slots.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Keeps chunks in memory and takes only those of `content`. */
export class HashedTarget implements ChunkTarget {
  readonly kept = new Map<number, Buffer>();
  readonly refused: number[] = [];
  readonly #hashes: readonly string[];

  constructor(content: Buffer, chunkSize: number) {
    this.#hashes = Array.from({ length: Math.ceil(content.length / chunkSize) }, (_, at) =>
      sha256(content.subarray(at * chunkSize, (at + 1) * chunkSize)),
    );
  }

  has(index: number): boolean {
    return this.kept.has(index);
  }

  async take(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    if (sha256(bytes) !== this.#hashes[index]) {
      this.refused.push(index);
      return false;
    }
    this.kept.set(index, Buffer.from(bytes));
    return true;
  }

  get bytes(): Buffer {
    const indices = [...this.kept.keys()].sort((a, b) => a - b);
    return Buffer.concat(indices.map((index) => this.kept.get(index) ?? Buffer.alloc(0)));
  }
}

export function chunkedJob(
  url: string,
  content: Buffer,
  chunkSize: number,
  target: ChunkTarget,
  more: Partial<ChunkedDownload> = {},
): ChunkedDownload {
  return {
    ...{ url, file: 'file.bin', limit: 2 ** 30, target, size: content.length, chunkSize, version: undefined },
    ...{ slots: new Slots(4), cache: 'no-store' as const },
    ...more,
  };
}
