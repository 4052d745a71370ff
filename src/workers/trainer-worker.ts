import type { TrainerJobs } from '#core/protocol/trainer.ts';
import workerUrl from '../../workers/trainer.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy, type RestartReason } from './worker-client.ts';

/**
 * The worker that trains LoRA adapters. It is ended to free its memory, and after `device-lost`, `out-of-memory` and `runtime`, behind which
 * its runtime is not usable any more.
 */
export class TrainerWorker extends WorkerClient<TrainerJobs> {
  /** @param onRestart the training that was prepared is lost; the page goes on from its last milestone */
  constructor(onRestart?: (reason: RestartReason) => void) {
    super({ name: 'trainer', create: () => workerUnderPolicy(workerUrl), ...(onRestart && { onRestart }) });
  }
}
