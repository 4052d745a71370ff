import type { Failure } from '#core/failure.ts';
import type { WeightsApi } from '#core/protocol/weights.ts';
import workerUrl from '../../workers/weights.worker.ts?worker&url';
import { WorkerClient } from './worker-client.ts';

/** A worker that looks into weights or makes a package of others. It holds nothing dear: `discard` cancels anything. */
export class WeightsWorker extends WorkerClient<WeightsApi, Failure> {
  constructor() {
    super(workerUrl, (reason, connection) =>
      connection ? { code: connection, detail: { url: workerUrl, reason } } : { code: 'runtime', detail: { reason } },
    );
  }
}
