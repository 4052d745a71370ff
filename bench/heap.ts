/**
 * Reads the JavaScript heap of a page's dedicated workers over CDP, because Chromium offers no such figure inside a worker.
 * A worker replies between two tasks, so memory that a task frees before it ends is not counted.
 */
import type { CDPSession } from 'playwright';

export interface HeapPeak {
  /** Used size of the V8 heap. */
  usedBytes: number;
  /** Memory outside the V8 heap that its objects own: ArrayBuffers, WebAssembly memories. */
  backingBytes: number;
}

export class WorkerHeap {
  readonly #page: CDPSession;
  readonly #peak: HeapPeak = { usedBytes: 0, backingBytes: 0 };
  #session: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #id = 0;

  private constructor(page: CDPSession) {
    this.#page = page;
  }

  static async watch(page: CDPSession): Promise<WorkerHeap> {
    const heap = new WorkerHeap(page);
    page.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') heap.#session = sessionId;
    });
    page.on('Target.detachedFromTarget', ({ sessionId }) => {
      if (heap.#session === sessionId) heap.#session = undefined;
    });
    page.on('Target.receivedMessageFromTarget', ({ message }) => heap.#onReply(message));
    await page.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    heap.#timer = setInterval(() => heap.#ask(), 50);
    return heap;
  }

  /** Largest values since the last call. */
  take(): HeapPeak {
    const peak = { ...this.#peak };
    this.#peak.usedBytes = this.#peak.backingBytes = 0;
    return peak;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    if (this.#session === undefined) return;
    const message = JSON.stringify({ id: ++this.#id, method: 'Runtime.getHeapUsage' });
    // The worker may just have ended, which is not an error.
    this.#page.send('Target.sendMessageToTarget', { sessionId: this.#session, message }).catch(() => undefined);
  }

  #onReply(message: string): void {
    const { result }: { result?: { usedSize?: number; backingStorageSize?: number } } = JSON.parse(message);
    this.#peak.usedBytes = Math.max(this.#peak.usedBytes, result?.usedSize ?? 0);
    this.#peak.backingBytes = Math.max(this.#peak.backingBytes, result?.backingStorageSize ?? 0);
  }
}
