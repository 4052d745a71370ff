/**
 * Reads the JavaScript heaps of a page and of all workers below it over CDP, since no script sees another thread's. A thread replies
 * between two tasks: memory that a task frees before it ends is not counted.
 */
import type { CDPSession } from 'playwright';

export interface HeapBytes {
  /** V8 heaps of the page and its workers, and memory outside them that their objects own: ArrayBuffers, WebAssembly memories. */
  used: number;
  backing: number;
  /** Workers that are alive. */
  workers: number;
}

/** Each sample takes processor time from what is measured. */
const SAMPLE_MILLISECONDS = 200;

/** What CDP sends of a target, as far as it is used. */
interface Message {
  method?: string;
  params?: { sessionId?: string; message?: string; targetInfo?: { type: string } };
  result?: { usedSize?: number; backingStorageSize?: number };
}

type Send = (method: string, params: object) => void;

/** A page or a worker, with the workers that it started. */
class Target {
  readonly #send: Send;
  readonly #workers = new Map<string, Target>();
  #used = 0;
  #backing = 0;

  constructor(send: Send) {
    this.#send = send;
    send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  }

  receive({ method, params = {}, result }: Message): void {
    const { sessionId = '', message, targetInfo } = params;
    if (result?.usedSize !== undefined) {
      this.#used = result.usedSize;
      this.#backing = result.backingStorageSize ?? 0;
    }
    if (method === 'Target.attachedToTarget' && targetInfo?.type === 'worker')
      this.#workers.set(sessionId, new Target(this.#sendTo(sessionId)));
    if (method === 'Target.detachedFromTarget') this.#workers.delete(sessionId);
    if (method === 'Target.receivedMessageFromTarget' && message !== undefined) {
      const inner: Message = JSON.parse(message);
      this.#workers.get(sessionId)?.receive(inner);
    }
  }

  ask(): void {
    this.#send('Runtime.getHeapUsage', {});
    for (const worker of this.#workers.values()) worker.ask();
  }

  sum(): HeapBytes {
    const sum = { used: this.#used, backing: this.#backing, workers: this.#workers.size };
    for (const worker of this.#workers.values()) {
      const below = worker.sum();
      sum.used += below.used;
      sum.backing += below.backing;
      sum.workers += below.workers;
    }
    return sum;
  }

  #sendTo(sessionId: string): Send {
    let id = 0;
    return (method, params) =>
      this.#send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: ++id, method, params }) });
  }
}

export class PageHeaps {
  readonly #page: Target;
  #peak: HeapBytes = { used: 0, backing: 0, workers: 0 };
  readonly #timer: NodeJS.Timeout;

  /** @param page a session of its own for the page; `stop` ends the sampling */
  constructor(page: CDPSession, everyMilliseconds = SAMPLE_MILLISECONDS) {
    this.#page = new Target((method, params) => this.#send(page, method, params));
    page.on('Target.attachedToTarget', (params) => this.#page.receive({ method: 'Target.attachedToTarget', params }));
    page.on('Target.detachedFromTarget', (params) =>
      this.#page.receive({ method: 'Target.detachedFromTarget', params }),
    );
    page.on('Target.receivedMessageFromTarget', (params) =>
      this.#page.receive({ method: 'Target.receivedMessageFromTarget', params }),
    );
    this.#timer = setInterval(() => this.#sample(), everyMilliseconds);
  }

  /** As of the last sample. */
  get now(): HeapBytes {
    return this.#page.sum();
  }

  /** The largest sum since the last call. */
  take(): HeapBytes {
    const peak = this.#peak;
    this.#peak = { used: 0, backing: 0, workers: 0 };
    return peak;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const sum = this.#page.sum();
    if (sum.used + sum.backing > this.#peak.used + this.#peak.backing) this.#peak = sum;
    this.#page.ask();
  }

  #send(page: CDPSession, method: string, params: object): void {
    // A worker may just have ended, and the page may be loading anew: neither is an error of the measurement.
    const ignore = () => undefined;
    if (method === 'Runtime.getHeapUsage') page.send(method).then((result) => this.#page.receive({ result }), ignore);
    else if (method === 'Target.setAutoAttach')
      page.send(method, { autoAttach: true, waitForDebuggerOnStart: false, flatten: false }).catch(ignore);
    else if (method === 'Target.sendMessageToTarget' && 'message' in params && 'sessionId' in params)
      page.send(method, { message: String(params.message), sessionId: String(params.sessionId) }).catch(ignore);
  }
}
