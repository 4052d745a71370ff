import { describe, expect, it } from 'vitest';
import { RetryingBlob, readWithRetry } from '../../../workers/engine/runtime/retrying-blob.ts';

/** Never answers the first `silent` reads, as Chromium sometimes does. */
class SilentBlob extends Blob {
  reads = 0;
  readonly #silent: number;

  constructor(text: string, silent: number) {
    super([text]);
    this.#silent = silent;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.reads++ < this.#silent ? new Promise<ArrayBuffer>(() => undefined) : super.arrayBuffer();
  }
}

const text = (bytes: ArrayBuffer) => new TextDecoder().decode(bytes);

describe('reading a blob', () => {
  it.each([0, 1, 3])('asks again when %i reads stay silent', async (silent) => {
    const blob = new SilentBlob('weights', silent);
    expect(text(await readWithRetry(blob, 1))).toBe('weights');
    expect(blob.reads).toBe(silent + 1);
  });

  it('passes an error on at once', async () => {
    const gone = new (class extends Blob {
      override arrayBuffer(): Promise<ArrayBuffer> {
        return Promise.reject(new DOMException('gone', 'NotFoundError'));
      }
    })();
    await expect(readWithRetry(gone, 60_000)).rejects.toThrow('gone');
  });
});

describe('weights as ONNX Runtime reads them', () => {
  const bytes = Uint8Array.from({ length: 9_000_001 }, (_, i) => i % 251);
  const asked: number[] = [];
  const blob = new RetryingBlob(new Blob([bytes]), (count) => asked.push(count));

  it('a slice as a stream, in pieces', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of blob.slice(3, 9_000_000).stream()) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(Buffer.from(bytes.subarray(3, 9_000_000)))).toBe(true);
    expect(pieces.map(({ byteLength }) => byteLength)).toEqual([4194304, 4194304, 611389]);
    expect(asked).toEqual([8_999_997]);
  });

  it('whole, and an empty slice', async () => {
    expect(Buffer.from(await blob.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
    for await (const piece of blob.slice(5, 5).stream()) expect.unreachable(String(piece.length));
  });
});
