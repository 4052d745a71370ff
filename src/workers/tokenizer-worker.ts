import type { TokenizerJobs } from '#core/protocol/tokenizer.ts';
import workerUrl from '../../workers/tokenizer.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy, type RestartReason } from './worker-client.ts';

/** The worker that runs tokenizers. All its state can be loaded again. */
export class TokenizerWorker extends WorkerClient<TokenizerJobs> {
  constructor(onRestart?: (reason: RestartReason) => void) {
    super({ name: 'tokenizer', create: () => workerUnderPolicy(workerUrl), ...(onRestart ? { onRestart } : {}) });
  }
}
