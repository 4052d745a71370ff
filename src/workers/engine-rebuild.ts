import type { Failure } from '#core/failure.ts';
import type { EngineJobs, ModelInfo } from '#core/protocol/engine.ts';
import type { JobEnd } from '#core/protocol/jobs.ts';

export type OpenNotDone = { type: 'stopped' } | { type: 'failed'; failure: Failure };

/** What a rebuild needs of the engine client. */
export interface RebuildSteps {
  open(): Promise<JobEnd<EngineJobs['open']>>;
  /** Applies the adapters of the replaced worker; undefined if it had none. */
  applyAdapters(): Promise<JobEnd<EngineJobs['setAdapters']>> | undefined;
  onDone(rebuilt: Rebuilt): void;
  onFailed(end: OpenNotDone): void;
}

export interface Rebuilt {
  model: ModelInfo;
  hasAdapters: boolean;
}

/** Rebuilds the state of a replaced engine worker in the new one: opens its model and applies its adapters again. */
export class EngineRebuild {
  #ended: Promise<void> = Promise.resolve();
  #isRunning = false;
  /** Increases with each `cancel`: a rebuild that began earlier is ignored. */
  #cancellations = 0;

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Resolves when the current rebuild has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Ignores the result of a rebuild that is running. */
  cancel(): void {
    this.#cancellations++;
  }

  /** @param model the model that was open in the replaced worker */
  start(model: ModelInfo, steps: RebuildSteps): void {
    this.#isRunning = true;
    this.#ended = this.#run(model, steps).finally(() => (this.#isRunning = false));
  }

  async #run(model: ModelInfo, steps: RebuildSteps): Promise<void> {
    const cancellations = this.#cancellations;
    const end = await steps.open();
    if (cancellations !== this.#cancellations) return;
    if (end.type !== 'done') return steps.onFailed(end);
    const applying = steps.applyAdapters();
    const applied = applying && (await applying);
    if (cancellations !== this.#cancellations) return;
    const hasAdapters = applied === undefined || applied.type === 'done';
    // To the labs a new ModelInfo object is another model: they then apply their adapters themselves.
    const isSame = hasAdapters && JSON.stringify(end.model) === JSON.stringify(model);
    steps.onDone({ model: isSame ? model : end.model, hasAdapters });
  }
}
