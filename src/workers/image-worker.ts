import type { ImageJobs } from '#core/protocol/image.ts';
import workerUrl from '../../workers/image.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy, type WorkerHandle } from './worker-client.ts';

/** The worker that reads image files before they are sent. */
export class ImageWorker extends WorkerClient<ImageJobs> {
  constructor(create: () => WorkerHandle = () => workerUnderPolicy(workerUrl)) {
    super({ name: 'image', create });
  }
}
