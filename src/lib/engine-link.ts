import { proxy, wrap, type Remote } from 'comlink';
import type { EngineApi, JobId, Stats } from '#core/protocol/engine.ts';
import type { Failure } from '#core/protocol/failure.ts';
import workerUrl from '../../workers/engine.worker.ts?worker&url';

interface Failed {
  type: 'failed';
  failure: Failure;
}

/** How long after its call returned a job may still deliver its terminal event: callbacks travel on another port. */
const graceMilliseconds = 3000;

/**
 * The engine worker behind comlink; the only file that wraps and proxies. Every job ends with exactly one terminal
 * event, also when the worker throws, dies or was never loaded.
 */
export class EngineLink {
  #worker: Worker | undefined;
  // Held for as long as the worker lives: comlink releases a proxy that is collected, and pending calls would hang.
  #api: Remote<EngineApi> | undefined;
  #count = 0;
  readonly #failJob = new Map<JobId, (failure: Failure) => void>();
  readonly #onStats: (stats: Stats) => void;

  constructor(onStats: (stats: Stats) => void) {
    this.#onStats = onStats;
  }

  /** A fresh worker at the next call; jobs of this one fail. One failed session can poison ONNX Runtime for good. */
  discard(failure: Failure): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#api = undefined;
    for (const fail of [...this.#failJob.values()]) fail(failure);
  }

  newJob(): JobId {
    return `job-${++this.#count}`;
  }

  /** Starts a job; resolves after its terminal event was delivered to `on`. */
  run<Event extends { type: string }>(
    job: JobId,
    call: (api: Remote<EngineApi>, on: (event: Event | Failed) => void) => Promise<void>,
    on: (event: Event | Failed) => void,
  ): Promise<void> {
    return new Promise((resolve) => {
      let ended = false;
      const deliver = (event: Event | Failed) => {
        if (ended) return;
        ended = event.type === 'done' || event.type === 'stopped' || event.type === 'failed';
        if (ended) this.#failJob.delete(job);
        on(event);
        if (ended) resolve();
      };
      const fail = (failure: Failure) => deliver({ type: 'failed', failure });
      this.#failJob.set(job, fail);
      call(this.#connect(), proxy(deliver)).then(
        () => setTimeout(() => fail(runtime('no terminal event')), graceMilliseconds),
        (error: unknown) => {
          console.error(error);
          fail(runtime(error instanceof Error ? error.message : String(error)));
        },
      );
    });
  }

  stop(job: JobId): void {
    void this.#api?.stop(job);
  }

  async forget(): Promise<void> {
    await this.#api?.forget();
  }

  #connect(): Remote<EngineApi> {
    if (this.#api) return this.#api;
    const worker = workerUnderPolicy(workerUrl);
    worker.addEventListener('error', (event) => this.discard(runtime(event.message || 'worker')));
    this.#worker = worker;
    this.#api = wrap<EngineApi>(worker);
    void this.#api.watch(proxy(this.#onStats));
    return this.#api;
  }
}

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

function runtime(reason: string): Failure {
  return { code: 'runtime', detail: { reason } };
}
