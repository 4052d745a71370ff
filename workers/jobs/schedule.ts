import { FailureError } from '#core/failure.ts';

/**
 * When a job starts if others are running.
 * - `concurrent`: at once.
 * - `exclusive`: at once, or it fails with `busy` while another exclusive job runs.
 * - `queue`: after those that wait or run in the queue.
 * - `latest`: like `queue`, but it stops older jobs of the same name, both running and waiting.
 */
export type Mode = 'concurrent' | 'exclusive' | 'queue' | 'latest';

interface Queued {
  name: PropertyKey;
  abort: AbortController;
}

/** Decides in which order the jobs of one worker run. */
export class Schedule {
  #isBusy = false;
  readonly #queued = new Set<Queued>();
  #last: Promise<void> = Promise.resolve();

  /**
   * Runs `work` when it is its turn. A queued job that is stopped while it waits never starts.
   * @throws FailureError `busy`; the signal's reason where the job was stopped before its turn; what `work` throws
   */
  run<Result>(
    name: PropertyKey,
    mode: Mode,
    abort: AbortController,
    work: () => Result | Promise<Result>,
  ): Promise<Result> {
    if (mode === 'exclusive') return this.#runExclusive(work);
    if (mode === 'concurrent') return settled(work);
    if (mode === 'latest') for (const older of this.#queued) if (older.name === name) older.abort.abort();
    return this.#runQueued({ name, abort }, work);
  }

  async #runExclusive<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    if (this.#isBusy) throw new FailureError('busy');
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  async #runQueued<Result>(queued: Queued, work: () => Result | Promise<Result>): Promise<Result> {
    this.#queued.add(queued);
    const { signal } = queued.abort;
    const before = this.#last;
    const turn = before.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.then(ignore, ignore);
    try {
      return await Promise.race([turn, abortedBefore(before, signal)]);
    } finally {
      this.#queued.delete(queued);
    }
  }
}

// Not an arrow: what a handler throws before its first await becomes a rejection too.
async function settled<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  return await work();
}

/** Rejects if the signal aborts before `turn` resolves; a running job handles the signal itself. */
function abortedBefore(turn: Promise<void>, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    let isRunning = false;
    void turn.then(() => (isRunning = true));
    const onAbort = () => {
      if (isRunning) return;
      reject(signal.reason instanceof Error ? signal.reason : new DOMException('stopped', 'AbortError'));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function ignore(): void {}
