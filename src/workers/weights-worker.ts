import type { WeightsJobs } from '#core/protocol/weights.ts';
import workerUrl from '../../workers/weights.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy, type RestartReason } from './worker-client.ts';

/** The worker that inspects weights or makes a quantized package. */
export class WeightsWorker extends WorkerClient<WeightsJobs> {
  constructor(onRestart?: (reason: RestartReason) => void) {
    super({ name: 'weights', create: () => workerUnderPolicy(workerUrl), ...(onRestart ? { onRestart } : {}) });
  }
}
