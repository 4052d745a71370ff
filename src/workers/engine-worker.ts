import type { EngineApi, JobId, Stats } from '#core/protocol/engine.ts';
import type { Failure } from '#core/failure.ts';
import workerUrl from '../../workers/engine.worker.ts?worker&url';
import { listener, WorkerClient } from './worker-client.ts';

/** The engine worker. One failed session can poison ONNX Runtime for good: `discard` starts afresh. */
export class EngineWorker extends WorkerClient<EngineApi, Failure> {
  constructor(onStats: (stats: Stats) => void) {
    super(workerUrl, runtime, (api) => void api.watch(listener(onStats)));
  }

  stop(job: JobId): void {
    void this.running?.stop(job);
  }

  /** @param strengths plain data */
  setStrengths(strengths: readonly number[]): void {
    void this.running?.setStrengths(strengths);
  }

  async forget(): Promise<void> {
    await this.running?.forget();
  }
}

function runtime(reason: string, connection?: 'offline' | 'network'): Failure {
  if (connection) return { code: connection, detail: { url: workerUrl, reason } };
  return { code: 'runtime', detail: { reason } };
}
