/** The device goes away: the job fails with `device-lost` and does not hang, and a new worker starts afresh. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { full } from '../provided.ts';
import { EngineClient, failureOf, picture, user } from './client.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import type { BreakableJobs } from './lost.worker.ts';
import { breath, expectedAnswers, type Expected } from './questions.ts';

vi.setConfig({ testTimeout: 180_000 });
let expected: Expected;

class BreakableClient extends EngineClient {
  constructor(readonly breakable: WorkerClient<BreakableJobs>) {
    super(breakable);
  }
}
const clients: BreakableClient[] = [];

function fresh(): BreakableClient {
  const create = () => new Worker(new URL('./lost.worker.ts', import.meta.url), { type: 'module' });
  const client = new BreakableClient(new WorkerClient<BreakableJobs>({ name: 'engine', create }));
  clients.push(client);
  return client;
}

beforeAll(async () => {
  expected = await expectedAnswers();
});
afterAll(() => {
  for (const client of clients) client.terminate();
});

/** On WebGPU, where alone there is a device to lose. */
const options = { provider: 'webgpu', contextLength: 64 } as const;

async function endOfLoss(client: BreakableClient, when: 'token' | 'image' | 'never') {
  let lost = false;
  const lose = () => {
    lost = true;
    client.breakable.start('loseDevice', undefined);
  };
  if (when === 'never') lose();
  const messages = when === 'image' ? [user(breath, await picture('image/png', 0))] : breath;
  const answer = await client.ask(messages, {
    maxNewTokens: 30,
    onEvent(event) {
      const seen = event.type === 'progress' ? event.phase : event.type;
      if (!lost && seen === when) lose();
    },
  });
  expect(answer.events.filter(({ type }) => type === 'failed')).toHaveLength(1);
  return answer;
}

test('in decode, then in the next message; a new worker opens and answers', async () => {
  const client = fresh();
  await client.model(full ? 'chat' : 'text-only', options);
  const answer = await endOfLoss(client, 'token');
  expect(failureOf(answer)).toMatchObject({ code: 'device-lost', detail: { reason: expect.stringMatching(/./) } });
  expect(failureOf(await client.ask(breath))?.code).toBe('device-lost');
  // Opening again in the same worker says the same: ONNX Runtime keeps its first device.
  const { end } = await client.open('chat', options);
  expect(end).toMatchObject({ type: 'failed', failure: { code: 'device-lost' } });
  client.terminate();

  const next = fresh();
  await next.model('chat', options);
  expect((await next.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.chat[breath]?.slice(0, 3));
  if (full) expect(failureOf(await endOfLoss(next, 'image'))?.code).toBe('device-lost');
});

test('between two messages', async () => {
  const client = fresh();
  await client.model(full ? 'chat' : 'text-only', options);
  expect(failureOf(await endOfLoss(client, 'never'))?.code).toBe('device-lost');
});
