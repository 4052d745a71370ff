/** Real workers that hang, break off, vanish, or cannot be loaded: each job ends, and the next one runs. */
import { afterEach, expect, test, vi } from 'vitest';
import {
  STOP_MILLISECONDS,
  WorkerClient,
  workerUnderPolicy,
  type RestartReason,
} from '../../../src/workers/worker-client.ts';
import type { HangJobs } from './hang.worker.ts';

vi.setConfig({ testTimeout: 60_000 });
let client: WorkerClient<HangJobs>;
let restarts: RestartReason[];
let workers: Worker[];
afterEach(() => client.end());

function start(create: (at: number) => Worker = hangWorker): void {
  restarts = [];
  workers = [];
  client = new WorkerClient<HangJobs>({
    name: 'hang',
    create: () => {
      const worker = create(workers.length);
      workers.push(worker);
      return worker;
    },
    onRestart: (reason) => void restarts.push(reason),
  });
}

function hangWorker(): Worker {
  return new Worker(new URL('./hang.worker.ts', import.meta.url), { type: 'module' });
}

/** Milliseconds from Stop to the end. The deadline and what a busy machine adds to it. */
async function timeToStop(job: { stop(): void; ended: Promise<unknown> }): Promise<number> {
  const begin = performance.now();
  job.stop();
  await job.ended;
  return performance.now() - begin;
}

test('an endless loop ends at the deadline, and the next job runs in a fresh worker', async () => {
  start();
  expect(await client.ask('echo', 'before')).toMatchObject({ text: 'before' });
  let began = () => {};
  const running = new Promise<void>((resolve) => (began = resolve));
  const beside = client.start('wait', undefined);
  const loop = client.start('loop', undefined, ({ type }) => type === 'progress' && began());
  await running;
  const milliseconds = await timeToStop(loop);
  console.log(`the endless loop ended ${milliseconds.toFixed(0)} ms after Stop`);
  expect(milliseconds).toBeGreaterThanOrEqual(STOP_MILLISECONDS - 10);
  expect((await loop.ended).type).toBe('stopped');
  expect(await beside.ended).toMatchObject({ type: 'failed', failure: { code: 'worker-restarted' } });
  expect(restarts).toEqual(['stopped']);
  expect(await client.ask('echo', 'after')).toMatchObject({ text: 'after' });
});

test('a job that hears Stop keeps the worker', async () => {
  start();
  expect(await client.ask('echo', 'before')).toMatchObject({ text: 'before' });
  const wait = client.start('wait', undefined);
  await timeToStop(wait);
  expect(await client.ask('echo', 'after')).toMatchObject({ text: 'after' });
  expect(workers).toHaveLength(1);
});

test('a worker that breaks off says so, and is replaced', async () => {
  start();
  expect(await client.ask('echo', 'before')).toMatchObject({ text: 'before' });
  workers[0]?.addEventListener('error', (event) => event.preventDefault());
  await expect(client.ask('crash', undefined)).rejects.toMatchObject({
    failure: { code: 'worker-crashed', detail: { worker: 'hang', reason: expect.stringContaining('broken off') } },
  });
  expect(restarts).toEqual(['crashed']);
  expect(await client.ask('echo', 'after')).toMatchObject({ text: 'after' });
});

test('of a worker that vanished a job ends when it is stopped', async () => {
  start();
  for (const vanish of [() => void client.start('vanish', undefined), () => workers.at(-1)?.terminate()]) {
    expect(await client.ask('echo', 'before')).toMatchObject({ text: 'before' });
    vanish();
    const lost = client.start('wait', undefined);
    await timeToStop(lost);
    expect((await lost.ended).type).toBe('stopped');
  }
  expect(await client.ask('echo', 'after')).toMatchObject({ text: 'after' });
});

test('a script that is not there is a failure of the network, and the next try finds it', async () => {
  start((at) => (at === 0 ? workerUnderPolicy('/no/such.worker.js') : hangWorker()));
  await expect(client.ask('echo', 'lost')).rejects.toMatchObject({
    failure: { code: 'network', detail: { url: 'hang.worker' } },
  });
  expect(restarts).toEqual([]);
  expect(await client.ask('echo', 'found')).toMatchObject({ text: 'found' });
});
