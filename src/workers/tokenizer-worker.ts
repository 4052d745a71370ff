import type { JobId } from '#core/protocol/engine.ts';
import type { LabFailure, TokenizerLabApi } from '#core/protocol/tokenizer.ts';
import workerUrl from '../../workers/tokenizer.worker.ts?worker&url';
import { WorkerClient } from './worker-client.ts';

/** A worker for jobs on the processor. It keeps nothing that could not be loaded again: `discard` cancels anything. */
export class TokenizerWorker extends WorkerClient<TokenizerLabApi, LabFailure> {
  constructor() {
    super(workerUrl, (reason, connection) =>
      connection ? { code: connection, detail: { url: workerUrl, reason } } : { code: 'worker', detail: { reason } },
    );
  }

  stop(job: JobId): void {
    void this.running?.stop(job);
  }
}
