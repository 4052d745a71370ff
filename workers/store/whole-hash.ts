/**
 * Hex SHA-256 of whole files that are written piece by piece. WebCrypto has no such thing, so it is computed in JavaScript, on a thread of its
 * own: it takes longer than writing.
 */
import { FailureError } from '#core/failure.ts';
import { Sha256 } from '#core/hash/sha256.ts';
import type { FromHasher, ToHasher } from '../whole-hash.worker.ts';

/** The hash of one file. */
export interface WholeHash {
  /** @param bytes are copied; resolves when the thread can take more */
  update(bytes: Uint8Array): Promise<void>;
  /** Of all bytes so far. */
  hex(): Promise<string>;
  /** No more of this file. */
  end(): void;
}

/** Bytes in one message; a piece is cut into such parts, whose buffers are used again. */
const PART_BYTES = 2 ** 20;
/** Parts that are on their way at a time. */
const MOST_PARTS = 8;

/** Hashes files one after another; started with the first bytes, until `end`. */
export class HashThread {
  #worker: Worker | undefined;
  #files = 0;
  #parts = 0;
  readonly #spare: ArrayBuffer[] = [];
  readonly #asked: { resolve: (hash: string) => void; reject: (error: unknown) => void }[] = [];
  readonly #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #failure: Error | undefined;

  file(): WholeHash {
    if (typeof Worker === 'undefined') return onThisThread();
    const file = ++this.#files;
    return {
      update: async (bytes) => {
        for (let at = 0; at < bytes.length; at += PART_BYTES)
          await this.#send(file, bytes.subarray(at, at + PART_BYTES));
      },
      hex: () =>
        new Promise((resolve, reject) => {
          if (this.#failure) return reject(this.#failure);
          this.#asked.push({ resolve, reject });
          this.#post({ type: 'hash', file });
        }),
      end: () => {
        if (this.#worker) this.#post({ type: 'end', file });
      },
    };
  }

  end(): void {
    this.#fail(new Error('the thread has ended'));
    this.#worker?.terminate();
  }

  async #send(file: number, bytes: Uint8Array): Promise<void> {
    while (this.#parts === MOST_PARTS)
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#failure) throw this.#failure;
    this.#parts++;
    const buffer = this.#spare.pop() ?? new ArrayBuffer(PART_BYTES);
    new Uint8Array(buffer).set(bytes);
    this.#post({ type: 'bytes', file, buffer, length: bytes.length }, [buffer]);
  }

  #post(message: ToHasher, given: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, given);
  }

  #start(): Worker {
    const worker = new Worker(new URL('../whole-hash.worker.ts', import.meta.url), { type: 'module', name: 'hash' });
    worker.addEventListener('message', ({ data }: MessageEvent<FromHasher>) => {
      if (data.type === 'hash') return this.#asked.shift()?.resolve(data.hash);
      this.#spare.push(data.buffer);
      this.#parts--;
      this.#waiting.shift()?.resolve();
    });
    worker.addEventListener('error', (event) => {
      this.#fail(new FailureError('worker-crashed', { worker: 'hash', reason: event.message || 'not loaded' }));
    });
    return worker;
  }

  /** The first reason counts. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of [...this.#asked.splice(0), ...this.#waiting.splice(0)]) reject(this.#failure);
  }
}

/** Where there are no threads. */
function onThisThread(): WholeHash {
  const hash = new Sha256();
  return {
    update: (bytes) => {
      hash.update(bytes);
      return Promise.resolve();
    },
    hex: () => Promise.resolve(hash.hex()),
    end: () => undefined,
  };
}
