import type { VocabularyJobs } from '#core/protocol/vocabulary.ts';
import workerUrl from '../../workers/vocabulary.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy } from './worker-client.ts';

/** Separate from the tokenizer worker, which must answer every keystroke: jobs here may take seconds. */
export class VocabularyWorker extends WorkerClient<VocabularyJobs> {
  constructor() {
    super({ name: 'vocabulary', create: () => workerUnderPolicy(workerUrl) });
  }
}
