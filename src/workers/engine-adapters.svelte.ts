import type { AdapterInfo } from '#core/lora/describe.ts';
import type { SetAdaptersRequest } from '#core/protocol/adapters.ts';
import type { EngineJobs } from '#core/protocol/engine.ts';
import type { JobEnd } from '#core/protocol/jobs.ts';
import type { EngineWorker } from './engine-worker.ts';
import type { StartedJob } from './worker-client.ts';

/** The adapters of the open model, and what it takes to apply them again in another worker. */
export class EngineAdapters {
  /** In the order of the request. */
  applied = $state.raw<readonly AdapterInfo[]>([]);
  /** The request that set them. */
  #request = $state.raw<SetAdaptersRequest>();
  /** Applies them again, which is the last step of a rebuild. */
  #applying: Pick<StartedJob<EngineJobs['setAdapters']>, 'stop'> | undefined;

  constructor(private readonly worker: Pick<EngineWorker, 'isRunning' | 'start'>) {}

  /** As they are used now: the rank is what each is cut to. */
  get used(): readonly { name: string; rank: number; strength: number }[] {
    const { strengths = [], truncateTo = [] } = this.#request ?? {};
    return this.applied.map(({ name, rank }, at) => ({
      name,
      rank: truncateTo[at] ?? rank,
      strength: strengths[at] ?? 1,
    }));
  }

  /** Called when the engine has applied what was asked for. */
  set(request: SetAdaptersRequest, applied: readonly AdapterInfo[]): void {
    this.applied = applied;
    this.#request = request.adapters.length > 0 ? request : undefined;
  }

  setStrengths(strengths: readonly number[]): void {
    const request = this.#request;
    if (request?.adapters.length === strengths.length) this.#request = { ...request, strengths: [...strengths] };
    if (this.worker.isRunning) this.worker.start('setStrengths', [...strengths]);
  }

  /** Undefined if there are none. */
  applyAgain(): Promise<JobEnd<EngineJobs['setAdapters']>> | undefined {
    return this.#request && this.#applyAgain(this.#request);
  }

  async #applyAgain(request: SetAdaptersRequest): Promise<JobEnd<EngineJobs['setAdapters']>> {
    const job = this.worker.start('setAdapters', request);
    this.#applying = job;
    const end = await job.ended;
    this.#applying = undefined;
    // Strengths that changed meanwhile reached the engine before the adapters.
    const now = this.#request;
    if (now && now !== request) this.setStrengths(now.strengths);
    return end;
  }

  stopApplying(): void {
    this.#applying?.stop();
  }

  clear(): void {
    this.applied = [];
    this.#request = undefined;
  }
}
