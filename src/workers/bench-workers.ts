import { meterChannel, type BenchJobs, type GpuCounts } from '#core/protocol/bench.ts';
import type { EngineJobs } from '#core/protocol/engine.ts';
import benchUrl from '../../workers/bench.worker.ts?worker&url';
import engineUrl from '../../workers/metered-engine.worker.ts?worker&url';
import { WorkerClient, workerUnderPolicy } from './worker-client.ts';

/** The worker that runs transformers.js, and what is measured beside the engines. */
export class BenchWorker extends WorkerClient<BenchJobs> {
  readonly meter: GpuMeter;

  constructor() {
    const name = crypto.randomUUID();
    super({ name: 'bench', create: () => workerUnderPolicy(benchUrl, name) });
    this.meter = new GpuMeter(name);
  }
}

/** The engine worker of the chat, with a meter. */
export class MeteredEngineWorker extends WorkerClient<EngineJobs> {
  readonly meter: GpuMeter;

  constructor() {
    const name = crypto.randomUUID();
    super({ name: 'engine', create: () => workerUnderPolicy(engineUrl, name) });
    this.meter = new GpuMeter(name);
  }
}

/** Asks the meter of a worker for its counts. */
export class GpuMeter {
  constructor(private readonly workerName: string) {}

  /** @param signal rejects with its reason: a worker that was ended does not answer */
  read(signal: AbortSignal): Promise<GpuCounts> {
    signal.throwIfAborted();
    const channel = new BroadcastChannel(meterChannel(this.workerName));
    const counts = new Promise<GpuCounts>((resolve, reject) => {
      channel.onmessage = ({ data }: MessageEvent<GpuCounts>) => resolve(data);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    channel.postMessage('read');
    return counts.finally(() => channel.close());
  }
}
