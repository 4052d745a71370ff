/** What is needed of a job that was started for a lab. */
export interface LabJobHandle {
  ended: Promise<unknown>;
  stop(): void;
  yield(): void;
}

/** The job that runs for a lab: one at a time, and never during an answer of the chat. */
export class LabJobSlot {
  #job: LabJobHandle | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  get isTaken(): boolean {
    return this.#job !== undefined;
  }

  /** Resolves when the job has ended. @param mark called with true now and with false at the end */
  run(job: LabJobHandle, mark: (isRunning: boolean) => void): Promise<unknown> {
    this.#job = job;
    mark(true);
    this.#ended = job.ended.finally(() => {
      mark(false);
      this.#job = undefined;
    });
    return this.#ended;
  }

  /** Stops the job; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#job?.stop();
    await this.#ended;
  }

  /** Asks the job to stop without a time limit: applying adapters to a large model takes seconds. */
  async yield(): Promise<void> {
    this.#job?.yield();
    await this.#ended;
  }
}
