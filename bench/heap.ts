/**
 * The JavaScript heap of a page's dedicated workers, read from outside: inside one Chromium offers no figure.
 * A worker answers between two tasks, so what a task needs only while it runs is not seen.
 */
import type { CDPSession } from 'playwright';

export interface HeapPeak {
  /** V8's objects. */
  usedBytes: number;
  /** Memory outside V8's heap that objects hold: ArrayBuffers, WebAssembly memories. */
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
    page.on('Target.receivedMessageFromTarget', ({ message }) => heap.#take(message));
    await page.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    heap.#timer = setInterval(() => heap.#ask(), 50);
    return heap;
  }

  /** The most since the last call. */
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
    // A worker that has just ended is no error.
    this.#page.send('Target.sendMessageToTarget', { sessionId: this.#session, message }).catch(() => undefined);
  }

  #take(message: string): void {
    const { result }: { result?: { usedSize?: number; backingStorageSize?: number } } = JSON.parse(message);
    this.#peak.usedBytes = Math.max(this.#peak.usedBytes, result?.usedSize ?? 0);
    this.#peak.backingBytes = Math.max(this.#peak.backingBytes, result?.backingStorageSize ?? 0);
  }
}
