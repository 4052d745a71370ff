import type { VocabularyJobs } from '#core/protocol/vocabulary.ts';
import workerUrl from '../../workers/vocabulary.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy } from './worker-client.ts';

/** A worker apart from the one that follows the typing: what runs here may take seconds. */
export class VocabularyWorker extends WorkerClient<VocabularyJobs> {
  constructor() {
    super({ name: 'vocabulary', create: () => workerUnderPolicy(workerUrl) });
  }
}
