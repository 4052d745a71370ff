import type { JobContract, JobEnd } from '#core/protocol/jobs.ts';
import { Throttle } from './throttle.ts';

/** How long a job may run before the worker handles messages, Stop among them, in milliseconds. */
const SLICE_MILLISECONDS = 12;

/** Work that can be stopped between its steps. */
export interface Pausing {
  /** Aborted when the page asks the job to stop. */
  readonly signal: AbortSignal;
  /** Between two steps: throws when the job is to stop, and lets messages in when it ran for long. */
  pause(): Promise<void>;
}

/** A running job, as its handler sees it. */
export interface RunningJob<Contract extends JobContract> extends Pausing {
  /** Returns the partial result that is sent with `stopped`; called when the job stops. */
  reached: () => Partial<Contract['partial']>;
  /** Sends an update now. */
  emit(update: Contract['update']): void;
  /**
   * Sends an update unless others of its key came just before; the last one is always sent.
   * @param key the subject of the update, if several things progress at the same time
   */
  progress(update: Contract['update'], key?: string): void;
}

/** A job that sends its events over a port. It sends nothing after its end. */
export class PortJob<Contract extends JobContract> implements RunningJob<Contract> {
  readonly signal: AbortSignal;
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #throttle = new Throttle<Contract['update']>((update) => this.#port.postMessage(update));
  #since = performance.now();
  #hasEnded = false;

  constructor(port: Pick<MessagePort, 'postMessage'>, signal: AbortSignal) {
    this.#port = port;
    this.signal = signal;
  }

  reached: () => Partial<Contract['partial']> = () => ({});

  emit(update: Contract['update']): void {
    if (this.#hasEnded) return;
    this.#throttle.flush();
    this.#port.postMessage(update);
  }

  progress(update: Contract['update'], key?: string): void {
    if (!this.#hasEnded) this.#throttle.push(update, key);
  }

  async pause(): Promise<void> {
    this.signal.throwIfAborted();
    if (performance.now() - this.#since < SLICE_MILLISECONDS) return;
    await nextTask();
    this.#since = performance.now();
    this.signal.throwIfAborted();
  }

  /** @throws DataCloneError for a result that cannot be cloned; the job has not ended then */
  end(event: JobEnd<Contract>, transfer: Transferable[] = []): void {
    if (this.#hasEnded) return;
    this.#throttle.flush();
    this.#port.postMessage(event, transfer);
    this.#hasEnded = true;
  }
}

/** Resolves in a new task. Faster than a nested timer, which waits four milliseconds. */
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
