/** The page that the driver controls. */
import { wrap, type Remote } from 'comlink';
import { meterChannel, type GpuCounts } from '#core/protocol/bench.ts';
import type { EngineJobs } from '#core/protocol/engine.ts';
import { WorkerClient } from '../../src/workers/worker-client.ts';
import type { BenchPage, EngineName, OpenRequest } from './contract.ts';
import * as ours from './ours.ts';
import type { ServedPeer } from './peer.ts';
import { measureSampling } from './sampling.ts';
import { training } from './training.ts';

type Open = { worker: Worker; workerName: string } & (
  { name: 'ours'; engine: WorkerClient<EngineJobs> } | { name: 'peer'; api: Remote<ServedPeer> }
);
let current: Open | undefined;

function start(engine: EngineName, hostOnly: boolean): Open {
  const name = hostOnly ? 'host-only' : '';
  // Vite recognizes workers by this exact expression, so each is written out.
  if (engine === 'ours') {
    const worker = new Worker(new URL('./ours.worker.ts', import.meta.url), { type: 'module', name });
    return {
      name: engine,
      worker,
      workerName: name,
      engine: new WorkerClient<EngineJobs>({ name: engine, create: () => worker }),
    };
  }
  const worker = new Worker(new URL('./peer.worker.ts', import.meta.url), { type: 'module', name });
  return { name: engine, worker, workerName: name, api: wrap<ServedPeer>(worker) };
}

function running(): Open {
  if (!current) throw new Error('no engine is open');
  return current;
}

const page: BenchPage = {
  async open(name: EngineName, request: OpenRequest) {
    page.close();
    const begin = performance.now();
    const opened = (current = start(name, request.hostOnly));
    // A worker that fails to start never replies to a call.
    const failed = new Promise<never>((_, reject) => {
      opened.worker.addEventListener('error', ({ message }) => reject(new Error(`${name}: ${message || 'worker'}`)));
    });
    const open =
      opened.name === 'ours'
        ? ours.open(opened.engine, request)
        : opened.api.open(request).then((): undefined => undefined);
    const info = await Promise.race([open, failed]);
    const milliseconds = performance.now() - begin;
    const adapter = info?.runtime.adapter;
    return { milliseconds, adapter: adapter && `${adapter.vendor} ${adapter.architecture} ${adapter.description}` };
  },
  generate(prompt, newTokens, sampling) {
    const opened = running();
    if (opened.name === 'ours') return ours.generate(opened.engine, prompt, newTokens, sampling);
    if (sampling) throw new Error('only our engine samples');
    return opened.api.generate(prompt, newTokens);
  },
  setAdapters(adapters) {
    const opened = running();
    if (opened.name !== 'ours') throw new Error('only our engine runs adapters');
    return ours.setAdapters(opened.engine, adapters);
  },
  counts() {
    const channel = new BroadcastChannel(meterChannel(running().workerName));
    return new Promise<GpuCounts>((resolve) => {
      channel.onmessage = ({ data }: MessageEvent<GpuCounts>) => {
        channel.close();
        resolve(data);
      };
      channel.postMessage('read');
    });
  },
  close() {
    current?.worker.terminate();
    current = undefined;
  },
  async clearStorage() {
    for (const name of await caches.keys()) await caches.delete(name);
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) await root.removeEntry(name, { recursive: true });
  },
  sampling: measureSampling,
  training,
};
window.bench = page;
