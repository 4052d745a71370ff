/** The page's side of every job: starts workers, and ensures that each job ends with exactly one event. */
import { FailureError, type Failure, type FailureCode } from '#core/failure.ts';
import {
  isEnd,
  STOP,
  type JobContract,
  type JobEnd,
  type JobEvent,
  type JobTable,
  type StartMessage,
} from '#core/protocol/jobs.ts';
import { network } from '../platform/network.ts';

/** How long after Stop a job may go on before its worker is ended and started again, in milliseconds. */
export const STOP_MILLISECONDS = 1500;
/** The same for a job that is slow by itself: on a software GPU or for a large model one step can take seconds. */
export const MAX_STOP_MILLISECONDS = 15_000;
/** A job that took so many times as long as between two of its updates hangs. */
const PAUSES = 3;

/** @param longestPause between two updates of the job, in milliseconds */
export function stopDeadline(longestPause: number): number {
  return Math.min(Math.max(STOP_MILLISECONDS, PAUSES * longestPause), MAX_STOP_MILLISECONDS);
}

/** Why a worker was replaced. */
export type RestartReason = 'stopped' | 'crashed';

/** The part of `Worker` that is used here. */
export interface WorkerHandle {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void, options: { once: true }): void;
  addEventListener(type: 'error', listener: (event: ErrorEvent) => void): void;
  terminate(): void;
}

export interface WorkerClientOptions {
  /** Name in failures about a worker that crashed or could not be loaded. */
  name: string;
  create: () => WorkerHandle;
  /** Called when a new worker was started, before its first job. */
  onStart?: () => void;
  /** Called when a running worker crashed or was replaced: its state is lost and its jobs have ended. */
  onRestart?: (reason: RestartReason) => void;
}

/** A job that was started. */
export interface StartedJob<Contract extends JobContract> {
  /** Resolves after the last event was delivered. */
  ended: Promise<JobEnd<Contract>>;
  /** Asks the job to stop. If it has not ended after `stopDeadline`, its worker is ended and the job with it. */
  stop(): void;
  /** Asks the job to stop without a time limit, so that a more urgent one can run. */
  yield(): void;
}

interface Host {
  worker: WorkerHandle;
  /** True when its script runs. */
  isReady: boolean;
  /** Ends each of its jobs. */
  jobs: Set<(end: 'stopped' | Failure) => void>;
}

/** Starts a worker with the first job, and a new one after it crashed or a job did not stop. */
export class WorkerClient<Jobs extends JobTable<Jobs>> {
  readonly #options: WorkerClientOptions;
  #host: Host | undefined;

  constructor(options: WorkerClientOptions) {
    this.#options = options;
  }

  /** True while a worker exists. */
  get isRunning(): boolean {
    return this.#host !== undefined;
  }

  /**
   * Starts a job. `on` gets its updates and then its last event, even if the worker crashes. The request must be plain
   * data: a proxy of `$state` cannot be cloned.
   */
  start<Name extends keyof Jobs>(
    name: Name,
    request: Jobs[Name]['request'],
    on: (event: JobEvent<Jobs[Name]>) => void = () => {},
  ): StartedJob<Jobs[Name]> {
    let host: Host;
    try {
      host = this.#connect();
    } catch (error) {
      return this.#notStarted(error, on);
    }
    const { port1: port, port2 } = new MessageChannel();
    const { promise: ended, resolve } = withResolvers<JobEnd<Jobs[Name]>>();
    let hasEnded = false;
    let deadline: ReturnType<typeof setTimeout> | undefined;
    let lastUpdate: number | undefined;
    let longestPause = 0;
    const end = (event: JobEnd<Jobs[Name]>) => {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(deadline);
      host.jobs.delete(finish);
      port.close();
      try {
        on(event);
      } finally {
        resolve(event);
      }
    };
    const nothingReached: Partial<Jobs[Name]['partial']> = {};
    const finish = (how: 'stopped' | Failure) =>
      end(how === 'stopped' ? { type: 'stopped', ...nothingReached } : { type: 'failed', failure: how });
    host.jobs.add(finish);
    port.onmessage = ({ data }: MessageEvent<JobEvent<Jobs[Name]>>) => {
      if (isEnd<Jobs[Name]>(data)) return end(data);
      if (hasEnded) return;
      const now = performance.now();
      if (deadline === undefined) longestPause = Math.max(longestPause, now - (lastUpdate ?? now));
      lastUpdate = now;
      on(data);
    };
    const message: StartMessage<Jobs, Name> = { job: name, request };
    try {
      host.worker.postMessage(message, [port2]);
    } catch (error) {
      console.error(error);
      // Deferred, so that the caller has the job before it ends.
      queueMicrotask(() => finish({ code: 'runtime', detail: { reason: reasonOf(error) } }));
    }
    return {
      ended,
      stop: () => {
        if (hasEnded || deadline !== undefined) return;
        port.postMessage(STOP);
        deadline = setTimeout(() => this.#replace(host, finish), stopDeadline(longestPause));
      },
      yield: () => {
        if (!hasEnded) port.postMessage(STOP);
      },
    };
  }

  /**
   * Runs a job of which only the result is wanted.
   * @throws FailureError what the job failed with, or `stopped`
   */
  async ask<Name extends keyof Jobs>(name: Name, request: Jobs[Name]['request']): Promise<Jobs[Name]['result']> {
    const end = await this.start(name, request).ended;
    if (end.type === 'done') return end;
    if (end.type === 'stopped') throw new FailureError('stopped');
    throw new FailureError(end.failure.code, end.failure.detail);
  }

  /** Ends the worker and its memory; its jobs end with `stopped`. The next job starts a fresh one. */
  end(): void {
    const host = this.#host;
    if (host) this.#drop(host, () => 'stopped');
  }

  /** The browser refused to start the worker: by its policy, or for lack of memory. The next job tries again. */
  #notStarted<Contract extends JobContract>(
    error: unknown,
    on: (event: JobEvent<Contract>) => void,
  ): StartedJob<Contract> {
    console.error(error);
    const end = failed('worker-not-started', { worker: this.#options.name, reason: reasonOf(error) });
    const { promise: ended, resolve } = withResolvers<JobEnd<Contract>>();
    // Deferred, so that the caller has the job before it ends.
    queueMicrotask(() => {
      try {
        on(end);
      } finally {
        resolve(end);
      }
    });
    return { ended, stop: () => {}, yield: () => {} };
  }

  #connect(): Host {
    if (this.#host) return this.#host;
    const worker = this.#options.create();
    const host: Host = { worker, isReady: false, jobs: new Set() };
    worker.addEventListener('message', () => (host.isReady = true), { once: true });
    worker.addEventListener('error', (event) => this.#crashed(host, event.message));
    this.#host = host;
    this.#options.onStart?.();
    return host;
  }

  /** Ends a worker because one of its jobs did not stop; its other jobs end too. */
  #replace(host: Host, hanging: (end: 'stopped') => void): void {
    if (this.#host !== host) return;
    const failure: Failure = { code: 'worker-restarted', detail: { worker: this.#options.name } };
    this.#drop(host, (job) => (job === hanging ? 'stopped' : failure));
    if (host.isReady) this.#options.onRestart?.('stopped');
  }

  /** If the script never ran, it was not loaded: no state is lost, and the next job tries again. */
  #crashed(host: Host, message: string): void {
    if (this.#host !== host) return;
    const worker = this.#options.name;
    const reason = message || 'the script could not be loaded';
    const failure: Failure = host.isReady
      ? { code: 'worker-crashed', detail: { worker, reason } }
      : { code: network.isOffline() ? 'offline' : 'network', detail: { url: `${worker}.worker`, reason } };
    this.#drop(host, () => failure);
    if (host.isReady) this.#options.onRestart?.('crashed');
  }

  #drop(host: Host, endOf: (job: (end: 'stopped' | Failure) => void) => 'stopped' | Failure): void {
    host.worker.terminate();
    this.#host = undefined;
    for (const job of [...host.jobs]) {
      try {
        job(endOf(job));
      } catch (error) {
        // What one listener throws keeps no other job from its end.
        console.error(error);
      }
    }
  }
}

/**
 * A worker from a URL takes its Content-Security-Policy from that response, and a static host sends none; a worker from a
 * blob inherits the page's. So the blob only imports the script.
 * @param name that the worker finds as `self.name`
 */
export function workerUnderPolicy(url: string, name = ''): Worker {
  const script = new Blob([`import ${JSON.stringify(new URL(url, document.baseURI).href)};`], {
    type: 'text/javascript',
  });
  const address = URL.createObjectURL(script);
  let worker: Worker;
  try {
    worker = new Worker(address, { type: 'module', name });
  } catch (error) {
    URL.revokeObjectURL(address);
    throw error;
  }
  // The URL is revoked after the worker has read it: its first message comes long after that.
  worker.addEventListener('message', () => URL.revokeObjectURL(address), { once: true });
  return worker;
}

/** The end of a job that was not started. */
export function failed(code: FailureCode, detail: Failure['detail'] = {}): { type: 'failed'; failure: Failure } {
  return { type: 'failed', failure: { code, detail } };
}

/** As Promise.withResolvers, which Safari has from 17.4 on. */
function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => (resolve = settle));
  return { promise, resolve };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
