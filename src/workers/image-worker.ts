import type { ImageJobs } from '#core/protocol/image.ts';
import workerUrl from '../../workers/image.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy } from './worker-client.ts';

/** The worker that reads image files before they are sent. */
export class ImageWorker extends WorkerClient<ImageJobs> {
  constructor() {
    super({ name: 'image', create: () => workerUnderPolicy(workerUrl) });
  }
}
