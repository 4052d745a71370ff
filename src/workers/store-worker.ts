import type { StoreJobs } from '#core/protocol/store.ts';
import workerUrl from '../../workers/store.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy } from './worker-client.ts';

/** The worker that lists, checks, copies and deletes stored packages. */
export class StoreWorker extends WorkerClient<StoreJobs> {
  constructor() {
    super({ name: 'store', create: () => workerUnderPolicy(workerUrl) });
  }
}
