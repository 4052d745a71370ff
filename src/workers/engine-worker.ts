import type { MemoryPlan } from '#core/budget/memory-plan.ts';
import type { EngineJobs } from '#core/protocol/engine.ts';
import type { Stats } from '#core/protocol/stats.ts';
import workerUrl from '../../workers/engine.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy, type RestartReason } from './worker-client.ts';

/** The engine worker. A failed session can make ONNX Runtime unusable: after `end` the next job starts a new worker. */
export class EngineWorker extends WorkerClient<EngineJobs> {
  constructor(
    on: { stats(stats: Stats): void; planned(plan: MemoryPlan | undefined): void },
    onRestart: (reason: RestartReason) => void,
  ) {
    super({
      name: 'engine',
      create: () => workerUnderPolicy(workerUrl),
      onStart: () =>
        this.start('watch', undefined, (event) => {
          if (event.type === 'stats') on.stats(event.stats);
          if (event.type === 'planned') on.planned(event.plan);
        }),
      onRestart,
    });
  }
}
