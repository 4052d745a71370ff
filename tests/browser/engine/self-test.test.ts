/** The self-test of a package in the browser: right values pass on both providers; a device that computes wrong is found. */
import { afterAll, expect, test, vi } from 'vitest';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import type { EngineJobs } from '#core/protocol/engine.ts';
import { EngineClient, failureOf } from './client.ts';

vi.setConfig({ testTimeout: 180_000 });
const clients: EngineClient[] = [];
afterAll(() => {
  for (const client of clients) client.terminate();
});

function kept(client: EngineClient): EngineClient {
  clients.push(client);
  return client;
}

const name = 'self-test';
const onGpu = { provider: 'webgpu', contextLength: 128 } as const;

test('the values of the CPU in Node come out on WebGPU, and on the CPU of the browser', async () => {
  const client = kept(new EngineClient());
  for (const provider of ['webgpu', 'wasm'] as const) {
    const { selfTest, runtime } = await client.model(name, { ...onGpu, provider });
    expect(runtime.provider).toBe(provider);
    expect(selfTest).toMatchObject({ state: 'passed', key: expect.stringContaining(name) });
    expect(selfTest.difference).toBeLessThan(0.01);
  }
});

test('wrong shaders are found, the weights are not read again for what is known, and the CPU of the same worker is right', async () => {
  const create = () => new Worker(new URL('./broken-shader.worker.ts', import.meta.url), { type: 'module' });
  const client = kept(new EngineClient(new WorkerClient<EngineJobs>({ name: 'engine', create })));
  const failure = failureOf(await client.open(name, onGpu));
  expect(failure).toMatchObject({
    code: 'self-test',
    detail: { part: 'prefill', provider: 'webgpu', fullVariant: '', subgroups: 'off' },
  });
  const known = { [String(failure?.detail['key'])]: 'prefill' } as const;
  const again = await client.open(name, { ...onGpu, selfTests: known });
  expect(failureOf(again)).toEqual(failure);
  expect(again.events.filter((event) => event.type === 'progress' && event.phase === 'weights')).toEqual([]);
  expect(await client.model(name, { ...onGpu, provider: 'wasm', selfTests: known })).toMatchObject({
    selfTest: { state: 'passed' },
  });
});
