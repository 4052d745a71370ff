import type { LabFailure } from '#core/protocol/tokenizer.ts';
import type { LessonsApi } from '#core/protocol/vocabulary.ts';
import workerUrl from '../../workers/vocabulary.worker.ts?worker&url';
import { WorkerClient } from './worker-client.ts';

/** A worker apart from the one that follows the typing: what runs here may take seconds, and is cancelled by ending it. */
export class VocabularyWorker extends WorkerClient<LessonsApi, LabFailure> {
  constructor() {
    super(workerUrl, (reason, connection) =>
      connection ? { code: connection, detail: { url: workerUrl, reason } } : { code: 'worker', detail: { reason } },
    );
  }
}
