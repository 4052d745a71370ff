/**
 * SHA-256 of chunks, in workers of this worker's own: Chromium computes a digest on the thread that asks for it, where it would hold up
 * the network and the disk.
 */
import { hexOf, requireSecureContext, sha256 } from './sha256.ts';

/** One hashes faster than a disk or a network brings; two are for files that are read again. */
const MOST_WORKERS = 2;
/** Smaller ones take less time than the way to another thread. */
const LEAST_BYTES = 256 * 1024;
/** Workers without work are kept for so long. */
const IDLE_MILLISECONDS = 2_000;

interface Answer {
  buffer: ArrayBuffer;
  /** Undefined if it could not be computed. */
  hash: ArrayBuffer | undefined;
}

/** Runs in a worker, as text: it may use nothing from outside. */
function answerWithHashes(): void {
  self.onmessage = async ({ data }: MessageEvent<{ buffer: ArrayBuffer; length: number }>) => {
    const { buffer, length } = data;
    const hash = await crypto.subtle.digest('SHA-256', new Uint8Array(buffer, 0, length)).catch(() => undefined);
    self.postMessage({ buffer, hash }, { transfer: [buffer] });
  };
}

class HashWorker {
  readonly #worker: Worker;
  /** Goes to the worker with the bytes and comes back: no chunk needs fresh memory. */
  #buffer = new ArrayBuffer(0);

  constructor() {
    // From a blob: so it has the page's Content-Security-Policy, and needs no file that a cache could lack.
    const address = URL.createObjectURL(new Blob([`(${answerWithHashes.toString()})()`], { type: 'text/javascript' }));
    this.#worker = new Worker(address);
    this.#worker.addEventListener('message', () => URL.revokeObjectURL(address), { once: true });
  }

  /** @throws Error if the worker cannot */
  hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const length = bytes.byteLength;
    const buffer = this.#buffer.byteLength < length ? new ArrayBuffer(length) : this.#buffer;
    new Uint8Array(buffer).set(bytes);
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        this.#buffer = data.buffer;
        if (data.hash) resolve(hexOf(new Uint8Array(data.hash)));
        else reject(new Error('no hash'));
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      this.#worker.postMessage({ buffer, length }, [buffer]);
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}

class HashWorkers {
  #free: HashWorker[] = [];
  #count = 0;
  #canRun = typeof Worker !== 'undefined';
  readonly #waiting: (() => void)[] = [];
  #idle: ReturnType<typeof setTimeout> | undefined;

  async hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    if (bytes.byteLength < LEAST_BYTES || !this.#canRun) return sha256(bytes);
    requireSecureContext();
    while (this.#free.length === 0 && this.#count === MOST_WORKERS)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearTimeout(this.#idle);
    const worker = this.#free.pop() ?? (this.#canRun ? this.#start() : undefined);
    if (!worker) return sha256(bytes);
    try {
      const hash = await worker.hash(bytes);
      this.#free.push(worker);
      return hash;
    } catch {
      // It was not allowed to start, or has no memory. The result is the same from this thread, only later.
      this.#canRun = false;
      this.#count--;
      worker.end();
      return await sha256(bytes);
    } finally {
      this.#waiting.shift()?.();
      if (this.#free.length === this.#count) this.#idle = setTimeout(() => this.#end(), IDLE_MILLISECONDS);
    }
  }

  #start(): HashWorker | undefined {
    try {
      const worker = new HashWorker();
      this.#count++;
      return worker;
    } catch {
      this.#canRun = false;
      return undefined;
    }
  }

  #end(): void {
    for (const worker of this.#free) worker.end();
    this.#free = [];
    this.#count = 0;
  }
}

const workers = new HashWorkers();

/**
 * Hex SHA-256.
 * @param bytes left alone until the promise resolves
 * @throws FailureError insecure-context
 */
export const hashOfChunk = (bytes: Uint8Array<ArrayBuffer>): Promise<string> => workers.hash(bytes);
