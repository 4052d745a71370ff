/** The device goes away: the job fails with `device-lost` and does not hang, and a new worker starts afresh. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { full } from '../provided.ts';
import { EngineClient, failureOf, picture, user } from './client.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import type { BreakableJobs } from './lost.worker.ts';
import { breath, expectedAnswers, long, type Expected } from './questions.ts';

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

async function endOfLoss(client: BreakableClient, when: 'token' | 'prefill' | 'image' | 'never') {
  let lost = false;
  const lose = () => {
    lost = true;
    client.breakable.start('loseDevice', undefined);
  };
  if (when === 'never') lose();
  // Several chunks of prefill: the first is told of while the others are computed.
  const text = when === 'prefill' ? long : breath;
  const messages = when === 'image' ? [user(text, await picture('image/png', 0))] : text;
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

const phases = full ? (['weights', 'compile'] as const) : (['weights'] as const);
test.each(phases)('in the load, in phase %s', async (phase) => {
  const client = fresh();
  let lost = false;
  const { end, events } = await client.open('text-only', options, (event) => {
    if (lost || event.type !== 'progress' || event.phase !== phase) return;
    lost = true;
    client.breakable.start('loseDevice', undefined);
  });
  expect(lost).toBe(true);
  expect(end).toMatchObject({ type: 'failed', failure: { code: 'device-lost' } });
  expect(events.filter(({ type }) => type === 'failed')).toHaveLength(1);
});

// Opens a model of its own, which takes a software adapter as long as a minute.
test.runIf(full)('in prefill', async () => {
  const client = fresh();
  await client.model('text-only', { ...options, contextLength: 512 });
  const answer = await endOfLoss(client, 'prefill');
  expect(failureOf(answer)?.code).toBe('device-lost');
  expect(answer.ids).toEqual([]);
});

test('between two messages', async () => {
  const client = fresh();
  await client.model(full ? 'chat' : 'text-only', options);
  expect(failureOf(await endOfLoss(client, 'never'))?.code).toBe('device-lost');
});
