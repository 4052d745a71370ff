/** float16 bytes of a file, read as float32: what `widenScales` made of a graph's initializers. */
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { readWithRetry } from '../runtime/retrying-blob.ts';

/** Bytes of float32 values that are made at a time. */
const PIECE_BYTES = 4 * 2 ** 20;

/** @param halves little-endian float16 values @returns the same values as float32 */
export function widenHalves(halves: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const values = new Float32Array(halves.length / 2);
  decodeFloats(halves, 'F16', values);
  return new Uint8Array(values.buffer);
}

/** A Blob of float32 values over a Blob of float16 ones. Nothing is held: every read reads and widens. */
export class WidenedBlob extends Blob {
  readonly #halves: Blob;
  /** Called with the number of bytes that are asked for, in float32. */
  readonly #onRead: ((bytes: number) => void) | undefined;

  constructor(halves: Blob, onRead?: (bytes: number) => void) {
    super([]);
    this.#halves = halves;
    this.#onRead = onRead;
  }

  override get size(): number {
    return 2 * this.#halves.size;
  }

  /** @throws RangeError where a value would be cut */
  override slice(start = 0, end = this.size): Blob {
    if (start % 4 !== 0 || end % 4 !== 0) throw new RangeError(`bytes ${start} to ${end} are not whole float32 values`);
    this.#onRead?.(end - start);
    return new WidenedBlob(this.#halves.slice(start / 2, end / 2));
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    this.#onRead?.(this.size);
    return widenHalves(new Uint8Array(await readWithRetry(this.#halves))).buffer;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    return new ReadableStream({
      pull: async (controller) => {
        if (at >= this.#halves.size) {
          controller.close();
          return;
        }
        const end = Math.min(at + PIECE_BYTES / 2, this.#halves.size);
        controller.enqueue(widenHalves(new Uint8Array(await readWithRetry(this.#halves.slice(at, end)))));
        at = end;
      },
    });
  }

  /** The same values; reports what is asked for. */
  reporting(onRead: ((bytes: number) => void) | undefined): WidenedBlob {
    return new WidenedBlob(this.#halves, onRead);
  }
}
