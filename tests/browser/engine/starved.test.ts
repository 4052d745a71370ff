/** The GPU has no room: whatever buffer it refuses, the job fails with `out-of-memory`, no wrong answer is shown, and a new worker answers. */
import { afterEach, expect, test, vi } from 'vitest';
import { full } from '../provided.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import { EngineClient, failureOf } from './client.ts';
import { breath } from './questions.ts';
import type { StarvedJobs } from './starved.worker.ts';

vi.setConfig({ testTimeout: 180_000 });
const options = { provider: 'webgpu', contextLength: 64 } as const;

class StarvedClient extends EngineClient {
  constructor(readonly starved: WorkerClient<StarvedJobs>) {
    super(starved);
  }
}
let client: StarvedClient;
afterEach(() => client.terminate());

function start(): StarvedClient {
  const create = () => new Worker(new URL('./starved.worker.ts', import.meta.url), { type: 'module' });
  client = new StarvedClient(new WorkerClient<StarvedJobs>({ name: 'engine', create }));
  return client;
}

test('for the KV cache: out-of-memory at opening', async () => {
  const starved = start();
  await starved.starved.ask('starve', { label: 'past_key_values' });
  const { end } = await starved.open('text-only', options);
  expect(end).toMatchObject({
    type: 'failed',
    failure: { code: 'out-of-memory', detail: { reason: expect.any(String) } },
  });
});

// A whole opening on a software adapter compiles shaders for as long as a minute.
test.runIf(full)('for what the runtime computes with: out-of-memory in the answer', async () => {
  const starved = start();
  await starved.model('text-only', options);
  let isStarved = false;
  const answer = await starved.ask(breath, {
    maxNewTokens: 40,
    onEvent: ({ type }) => {
      if (type !== 'progress' || isStarved) return;
      isStarved = true;
      void starved.starved.ask('starve', { label: '' });
    },
  });
  expect(isStarved).toBe(true);
  expect(failureOf(answer)).toMatchObject({ code: 'out-of-memory' });
});
