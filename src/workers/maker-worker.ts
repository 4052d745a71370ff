import type { MakerJobs } from '#core/protocol/maker.ts';
import workerUrl from '../../workers/maker.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy } from './worker-client.ts';

/** The worker that turns checkpoints into packages in the browser's storage. */
export class MakerWorker extends WorkerClient<MakerJobs> {
  constructor() {
    super({ name: 'maker', create: () => workerUnderPolicy(workerUrl) });
  }
}
