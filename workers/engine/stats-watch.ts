/** What `watch` sends: statistics with the phase that they belong to, and what the planner says of the open package. */
import type { MemoryPlan, PlannedBranches } from '#core/budget/memory-plan.ts';
import type { EngineJobs } from '#core/protocol/engine.ts';
import type { EnginePhase, TurnStats } from '#core/protocol/stats.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import type { Backend } from './model/backend.ts';
import type { LoadedModel } from './model/load.ts';
import { memoryStats } from './runtime/memory.ts';

/** Interval between two `stats` events. */
const STATS_MILLISECONDS = 200;

/** What the statistics are of. */
export interface Watched {
  /** Of the package that is open or opening. */
  backend: Backend | undefined;
  model: LoadedModel | undefined;
  turn: TurnStats | undefined;
}

type Watch = EngineJobs['watch'];

export class StatsWatch {
  readonly #look: () => Watched;
  /** Undefined while nothing of the model runs. */
  #phase: EnginePhase | undefined;
  /** Of jobs that have ended. */
  #busyMilliseconds = 0;
  /** When the job that runs began. */
  #since: number | undefined;
  #plan: MemoryPlan | undefined;
  #planFor: ((branches: PlannedBranches | undefined) => MemoryPlan | undefined) | undefined;
  #emit: ((update: Watch['update']) => void) | undefined;

  constructor(look: () => Watched) {
    this.#look = look;
  }

  /** Sends events until the worker ends: the page never stops this job. */
  start(job: RunningJob<Watch>): Promise<Watch['result']> {
    this.#emit = (update) => job.emit(update);
    this.#emit({ type: 'planned', plan: this.#plan });
    this.send();
    return new Promise((_, reject) => {
      job.signal.addEventListener('abort', () => {
        this.#emit = undefined;
        reject(new DOMException('no longer watched', 'AbortError'));
      });
    });
  }

  /** Sends statistics while `work` runs, and once after it. @param phase that it begins with */
  async during<Value>(work: () => Promise<Value>, phase: EnginePhase | undefined): Promise<Value> {
    this.#phase = phase;
    this.#since = performance.now();
    const timer = setInterval(() => this.send(), STATS_MILLISECONDS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      this.send();
      this.#busyMilliseconds = this.#busy(performance.now());
      this.#since = undefined;
      this.#phase = undefined;
    }
  }

  /** Sends the last statistics of the phase before. */
  enter(phase: EnginePhase): void {
    if (phase === this.#phase) return;
    this.send();
    this.#phase = phase;
  }

  /** @param planFor plans the package that is opening, with the branches of adapters or without */
  opening(planFor: (branches: PlannedBranches | undefined) => MemoryPlan | undefined): void {
    this.#planFor = planFor;
    this.applied(undefined);
  }

  /** Plans anew. @param branches of the adapters that are applied now */
  applied(branches: PlannedBranches | undefined): void {
    this.#plan = this.#planFor?.(branches);
    this.#emit?.({ type: 'planned', plan: this.#plan });
  }

  send(): void {
    const { backend, model, turn } = this.#look();
    if (!this.#emit || !backend) return;
    const time = performance.now();
    this.#emit({
      type: 'stats',
      stats: {
        ...{ time, busyMilliseconds: this.#busy(time) },
        phase: this.#phase,
        turn,
        contextUsed: model?.decoder.length ?? 0,
        contextLength: model?.info.contextLength ?? 0,
        memory: memoryStats(backend, model),
      },
    });
    backend.gpu?.ledger.resetPeak();
  }

  #busy(now: number): number {
    return this.#busyMilliseconds + (this.#since === undefined ? 0 : now - this.#since);
  }
}
