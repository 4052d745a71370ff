import type { JobId } from '#core/protocol/engine.ts';
import { type Failure, FailureError } from '#core/failure.ts';

/** How long a job may hold the worker before others get their turn, in milliseconds. */
const slice = 12;

/** The jobs that run now. A job asks between its steps whether it should stop, and lets others in. */
export class Jobs {
  readonly #stopped = new Map<JobId, boolean>();

  stop(job: JobId): void {
    if (this.#stopped.has(job)) this.#stopped.set(job, true);
  }

  /** Runs a job and gives it its handle; what it throws becomes a failure. */
  async run<Result>(job: JobId, work: (running: RunningJob) => Promise<Result>): Promise<Result | Ended> {
    this.#stopped.set(job, false);
    try {
      return await work(new RunningJob(() => this.#stopped.get(job) === true));
    } catch (error) {
      if (error instanceof Stopped) return { type: 'stopped' };
      return { type: 'failed', failure: failureOf(error) };
    } finally {
      this.#stopped.delete(job);
    }
  }
}

export type Ended = { type: 'stopped' } | { type: 'failed'; failure: Failure };

class Stopped extends Error {}

export class RunningJob {
  #since = performance.now();

  constructor(private readonly isStopped: () => boolean) {}

  /** Between two steps of a job: throws when it was asked to stop, and lets messages in when it ran for long. */
  async pause(): Promise<void> {
    if (this.isStopped()) throw new Stopped();
    if (performance.now() - this.#since < slice) return;
    await nextTask();
    this.#since = performance.now();
    if (this.isStopped()) throw new Stopped();
  }
}

/** Sooner than a timer, which waits four milliseconds when nested. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return { code: error.code, detail: error.detail };
  console.error(error);
  return { code: 'worker', detail: { reason: error instanceof Error ? error.message : String(error) } };
}
