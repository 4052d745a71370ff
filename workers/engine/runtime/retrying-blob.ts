/** Time without an answer after which the same bytes are read again, and the most attempts. */
const SILENCE_MS = 2000;
const ATTEMPTS = 6;
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * The bytes of a blob. Chromium (seen with 156) sometimes never answers the first read of a Blob or File in a fresh
 * browser: docs/decisions/0002-runtime.md. So an unanswered read is repeated in parallel, and the first answer is used; on a
 * slow disk the same bytes are merely read several times.
 */
export function readWithRetry(blob: Blob, silence = SILENCE_MS): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    let attempts = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const attempt = () => {
      attempts++;
      timer = attempts < ATTEMPTS ? setTimeout(attempt, silence) : undefined;
      blob.arrayBuffer().then(
        (bytes) => {
          clearTimeout(timer);
          resolve(bytes);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    };
    attempt();
  });
}

/** A part of a {@link RetryingBlob}: its `stream()` reads with retries, 4 MB at a time. */
class RetryingSlice extends Blob {
  constructor(part: Blob) {
    super([part]);
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    return new ReadableStream({
      pull: async (controller) => {
        if (at >= this.size) {
          controller.close();
          return;
        }
        const end = Math.min(at + PIECE_BYTES, this.size);
        controller.enqueue(new Uint8Array(await readWithRetry(super.slice(at, end))));
        at = end;
      },
    });
  }
}

/** Weights as ONNX Runtime reads them: `slice(…).stream()` (JSPI) or `arrayBuffer()`. Reports the number of bytes requested. */
export class RetryingBlob extends Blob {
  readonly #onRead: ((bytes: number) => void) | undefined;

  /** Refers to the blob's bytes, does not copy them. */
  constructor(blob: Blob, onRead?: (bytes: number) => void) {
    super([blob]);
    this.#onRead = onRead;
  }

  override slice(start = 0, end = this.size, type?: string): Blob {
    this.#onRead?.(end - start);
    return new RetryingSlice(super.slice(start, end, type));
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    this.#onRead?.(this.size);
    return readWithRetry(super.slice());
  }
}
