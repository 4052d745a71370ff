import { proxy, wrap, type Remote } from 'comlink';
import type { JobId } from '#core/protocol/engine.ts';

/** How long after its call returned a job may still deliver its terminal event: callbacks travel on another port. */
const graceMilliseconds = 3000;

interface Failed<Failure> {
  type: 'failed';
  failure: Failure;
}

/**
 * A worker behind comlink; the only file that wraps and proxies. Every job ends with exactly one terminal event, and
 * every call settles, also when the worker throws, dies or was never loaded.
 */
export class WorkerClient<Api, Failure> {
  #worker: Worker | undefined;
  // Held for as long as the worker lives: comlink releases a proxy that is collected, and pending calls would hang.
  #api: Remote<Api> | undefined;
  #count = 0;
  readonly #pending = new Map<unknown, (failure: Failure) => void>();

  /**
   * @param url script of the worker
   * @param failureOf what to say of a worker that broke off; `connection`: its script did not come
   * @param onStart the first call to a fresh worker
   */
  constructor(
    private readonly url: string,
    private readonly failureOf: (reason: string, connection?: 'offline' | 'network') => Failure,
    private readonly onStart: (api: Remote<Api>) => void = () => {},
  ) {}

  /** A fresh worker at the next call; what this one was doing fails. */
  discard(failure: Failure): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#api = undefined;
    for (const fail of [...this.#pending.values()]) fail(failure);
  }

  newJob(): JobId {
    return `job-${++this.#count}`;
  }

  /** Starts a job; resolves after its terminal event was delivered to `on`. */
  run<Event extends { type: string }>(
    job: JobId,
    call: (api: Remote<Api>, on: (event: Event | Failed<Failure>) => void) => Promise<void>,
    on: (event: Event | Failed<Failure>) => void,
  ): Promise<void> {
    return new Promise((resolve) => {
      let ended = false;
      const deliver = (event: Event | Failed<Failure>) => {
        if (ended) return;
        ended = event.type === 'done' || event.type === 'stopped' || event.type === 'failed';
        if (ended) this.#pending.delete(job);
        on(event);
        if (ended) resolve();
      };
      const fail = (failure: Failure) => deliver({ type: 'failed', failure });
      this.#pending.set(job, fail);
      call(this.connect(), proxy(deliver)).then(
        () => setTimeout(() => fail(this.failureOf('no terminal event')), graceMilliseconds),
        (error: unknown) => {
          console.error(error);
          fail(this.failureOf(reasonOf(error)));
        },
      );
    });
  }

  /** One question, one answer. Rejects with a `WorkerFailedError` when the worker breaks off. */
  ask<Answer>(call: (api: Remote<Api>) => Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const question = Symbol('question');
      const settle = () => this.#pending.delete(question);
      this.#pending.set(question, (failure) => {
        settle();
        reject(new WorkerFailedError(failure));
      });
      call(this.connect()).then(
        (answer) => {
          settle();
          resolve(answer);
        },
        (error: unknown) => {
          settle();
          reject(new WorkerFailedError(this.failureOf(reasonOf(error)), { cause: error }));
        },
      );
    });
  }

  /** The worker as it runs now; undefined where none was started. */
  get running(): Remote<Api> | undefined {
    return this.#api;
  }

  protected connect(): Remote<Api> {
    if (this.#api) return this.#api;
    const worker = workerUnderPolicy(this.url);
    worker.addEventListener('error', ({ message }) => {
      // An error without words: the script could not be loaded.
      const connection = message ? undefined : navigator.onLine ? 'network' : 'offline';
      this.discard(this.failureOf(message || 'the script could not be loaded', connection));
    });
    this.#worker = worker;
    const api = wrap<Api>(worker);
    this.#api = api;
    this.onStart(api);
    return api;
  }
}

/** A question that got no answer. */
export class WorkerFailedError<Failure> extends Error {
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super('the worker broke off', options);
    this.name = 'WorkerFailedError';
  }
}

/** A callback that a worker may call. */
export const listener = proxy;

/**
 * A worker from an address of its own takes its Content-Security-Policy from that response, and a static host sends none;
 * one from a blob inherits the page's. So the blob only imports the script.
 */
function workerUnderPolicy(url: string): Worker {
  const script = new Blob([`import ${JSON.stringify(new URL(url, document.baseURI).href)};`], {
    type: 'text/javascript',
  });
  const address = URL.createObjectURL(script);
  const worker = new Worker(address, { type: 'module' });
  // Not before the worker has read it; its first message comes long after that.
  worker.addEventListener('message', () => URL.revokeObjectURL(address), { once: true });
  return worker;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
