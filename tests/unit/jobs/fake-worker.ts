/** A worker in the same thread: the real kernel behind the real client, with jobs that the test ends. */
import type { Job, JobEvent, JobTable } from '#core/protocol/jobs.ts';
import { serveJobs, type Handler, type Handlers } from '../../../workers/jobs/serve.ts';
import type { Mode } from '../../../workers/jobs/schedule.ts';
import type { RunningJob } from '../../../workers/jobs/running-job.ts';
import type { WorkerHandle } from '../../../src/workers/worker-client.ts';

export interface Progress {
  type: 'progress';
  done: number;
}
export type TestJob = Job<number, { answer: number }, Progress, { reached: number }>;
export type TestEvent = JobEvent<TestJob>;

/** One job for each mode. The request is the number that the test knows the job by. */
export type TestJobs = Record<Mode, TestJob>;

export interface Controls {
  job: RunningJob<TestJob>;
  finish(answer: number): void;
  fail(error: unknown): void;
}

/** Jobs that run until the test ends them, or until they are stopped where they listen. */
export class TestHandlers {
  /** In the order in which they were started. */
  readonly started: number[] = [];
  readonly running = new Map<number, Controls>();
  /** False: Stop is not heard, as in an endless loop. */
  listens = true;

  readonly handlers: Handlers<TestJobs> = {
    concurrent: this.#handler('concurrent'),
    exclusive: this.#handler('exclusive'),
    queue: this.#handler('queue'),
    latest: this.#handler('latest'),
  };

  #handler(mode: Mode): Handler<TestJob> {
    return {
      mode,
      run: (request, job) => {
        this.started.push(request);
        job.reached = () => ({ reached: request });
        return new Promise<{ answer: number }>((resolve, reject) => {
          const controls: Controls = { job, finish: (answer) => resolve({ answer }), fail: reject };
          this.running.set(request, controls);
          if (!this.listens) return;
          const onAbort = () => reject(new Error('on the way', { cause: job.signal.reason }));
          if (job.signal.aborted) onAbort();
          else job.signal.addEventListener('abort', onAbort);
        });
      },
    };
  }
}

/** What a client starts as its worker. */
export class FakeWorker implements WorkerHandle {
  isTerminated = false;
  #onMessage: ((event: MessageEvent) => void)[] = [];
  #onError: ((event: ErrorEvent) => void)[] = [];
  #serve: ((event: MessageEvent) => void) | undefined;

  /** @param load puts the handlers in place; a script that cannot be loaded never does */
  static of<Jobs extends JobTable<Jobs>>(handlers: Handlers<Jobs>): FakeWorker {
    const worker = new FakeWorker();
    queueMicrotask(() => {
      serveJobs(handlers, {
        addEventListener: (_, listener) => (worker.#serve = listener),
        postMessage: (data) => {
          for (const listener of worker.#onMessage) listener(new MessageEvent('message', { data }));
        },
      });
    });
    return worker;
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    const ports = transfer.filter((port) => port instanceof MessagePort);
    queueMicrotask(() => {
      if (this.isTerminated) return;
      this.#serve?.(new MessageEvent('message', { data: structuredClone(message), ports }));
    });
  }

  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: 'error', listener: (event: ErrorEvent) => void): void;
  addEventListener(
    ...[type, listener]: ['message', (event: MessageEvent) => void] | ['error', (event: ErrorEvent) => void]
  ): void {
    if (type === 'message') this.#onMessage.push(listener);
    else this.#onError.push(listener);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** As when the script throws, or cannot be loaded. */
  breakOff(message: string): void {
    const event: ErrorEvent = Object.assign(new Event('error'), {
      ...{ message, filename: '', lineno: 0, colno: 0, error: undefined },
    });
    for (const listener of this.#onError) listener(event);
  }
}

/** Long enough for messages over ports of one thread. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}
