/** Stop: in prefill, in image encoding, in decode and while a package opens. The next message must be answered rightly. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ChatMessage } from '#core/chat/message.ts';
import type { GenerateEvent } from '#core/protocol/engine.ts';
import { provider } from '../provided.ts';
import { EngineClient, picture, promptLength, said, turnOf, user, type Answer, type AskOptions } from './client.ts';
import { breath, diagnosis, expectedAnswers, long, type Expected } from './questions.ts';

vi.setConfig({ testTimeout: 300_000 });
const engine = new EngineClient();
/** Room for an answer that lasts until it is stopped, however fast it is written. */
const contextLength = 2048;
const endless = 1500;
/** Chunks or stages that may end after Stop. The CPU computes on while Stop is on its way: it must only not finish. */
const runningWork = provider === 'webgpu' ? 1 : Infinity;
let expected: Expected;

beforeAll(async () => {
  expected = await expectedAnswers();
  // Test files share the browser's storage: what another one downloaded would leave nothing to stop.
  const storage = await navigator.storage.getDirectory();
  for await (const name of storage.keys()) await storage.removeEntry(name, { recursive: true });
});
afterAll(() => engine.terminate());

describe('while a package opens', () => {
  test.each(['download', 'weights'] as const)('in phase %s', async (phase) => {
    const { end, events } = await engine.open('chat', { contextLength }, (event, stop) => {
      if (event.type === 'progress' && event.phase === phase) stop();
    });
    expect(end).toEqual({ type: 'stopped' });
    expect(events.filter(({ type }) => type === 'stopped')).toHaveLength(1);
    expect(events.at(-1)).toEqual({ type: 'stopped' });
    expect((await engine.ask(breath)).end).toMatchObject({ type: 'failed', failure: { code: 'no-model' } });
  });

  test('and then it opens, and nothing is left of the two before', async () => {
    const model = await engine.model('chat', { contextLength });
    expect(model.contextLength).toBe(contextLength);
    expect((await engine.ask(breath, { maxNewTokens: 9 })).ids).toEqual(expected.chat[breath]?.slice(0, 9));
    // One cache and no more.
    const bytes = provider === 'webgpu' ? 2 * model.layers * 2 * contextLength * 32 * 4 : undefined;
    expect(engine.stats.at(-1)?.memory.gpu?.kv.bytes).toBe(bytes);
  });
});

/** Stops when `when` says so; tells what still came after that. */
async function stopped(
  messages: string | ChatMessage[],
  when: (event: GenerateEvent, index: number) => boolean,
  options: AskOptions = {},
): Promise<Answer & { after: GenerateEvent[] }> {
  let asked = false;
  let count = 0;
  const after: GenerateEvent[] = [];
  const answer = await engine.ask(messages, {
    ...options,
    onEvent(event, stop) {
      if (asked) after.push(event);
      else if (when(event, count++)) {
        asked = true;
        stop();
      }
    },
  });
  expect(answer.end.type).toBe('stopped');
  expect(answer.events.filter(({ type }) => type === 'stopped')).toHaveLength(1);
  expect(answer.events.at(-1)?.type).toBe('stopped');
  return { ...answer, after };
}

const isPhase = (phase: 'image' | 'prefill') => (event: GenerateEvent) =>
  event.type === 'progress' && event.phase === phase;

describe('an answer', () => {
  test('in decode: at most a few tokens later, and the next message is answered rightly', async () => {
    await engine.forget();
    const question = '왼쪽 폐';
    const answer = await stopped(question, ({ type }, index) => type === 'token' && index >= 3, {
      maxNewTokens: endless,
    });
    expect(turnOf(answer).newTokens).toBe(answer.ids.length);
    // On the GPU, token steps that were queued before Stop arrived; on the CPU, what was written while it was on its way.
    const after = answer.after.flatMap((event) => (event.type === 'token' ? event.ids : [])).length;
    expect(after).toBeLessThanOrEqual(provider === 'webgpu' ? 4 : endless / 2);
    expect((await engine.ask(breath, { maxNewTokens: 9 })).ids).toEqual(expected.chat[breath]?.slice(0, 9));

    // The conversation goes on behind what was said, in the cache as without it.
    const half = await stopped(question, ({ type }, index) => type === 'token' && index >= 3, {
      maxNewTokens: endless,
    });
    const on = [user(question), said('assistant', half.text), user(diagnosis)];
    const kept = await engine.ask(on, { maxNewTokens: 6 });
    expect(turnOf(kept).cachedTokens).toBeGreaterThanOrEqual(promptLength(half) + half.ids.length - 1);
    await engine.forget();
    const whole = await engine.ask(on, { maxNewTokens: 6 });
    expect(turnOf(whole)).toMatchObject({ cachedTokens: 0 });
    expect(whole.ids).toEqual(kept.ids);
  });

  test('in sampled decode', async () => {
    const sampling = { temperature: 1, seed: 9, maxNewTokens: endless };
    const answer = await stopped(diagnosis, ({ type }, index) => type === 'token' && index >= 3, sampling);
    expect(answer.ids.length).toBeLessThan(provider === 'webgpu' ? 20 : endless);
    expect((await engine.ask(diagnosis, { maxNewTokens: 5 })).ids).toEqual(expected.chat[diagnosis]?.slice(0, 5));
  });

  test('in prefill: after the chunk that runs, which the next message finds in the cache', async () => {
    await engine.forget();
    const answer = await stopped(long, isPhase('prefill'));
    expect(answer.ids).toEqual([]);
    expect(answer.after.filter(isPhase('prefill')).length).toBeLessThanOrEqual(runningWork);
    const done = answer.events.findLast(isPhase('prefill'));
    const kept = done?.type === 'progress' ? done.done : NaN;
    expect(kept).toBeLessThan(promptLength(answer));

    const full = await engine.ask(long, { maxNewTokens: 5 });
    expect(full.ids).toEqual(expected.chat[long]?.slice(0, 5));
    expect(turnOf(full).cachedTokens).toBe(kept);
    const total = promptLength(full);
    expect(total).toBeGreaterThan(256);
    expect(turnOf(answer).prefillTokens).toBe(total);
    expect((await engine.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.chat[breath]?.slice(0, 3));
  });

  test('in prefill with images, and in image encoding', async () => {
    await engine.forget();
    const pictures = await Promise.all([10, 130].map((hue) => picture('image/png', hue)));
    // Several chunks: pictures with a short question would be one.
    const message = [user('무엇이 보이나요? '.repeat(40), ...pictures)];
    const sampling = { temperature: 1, seed: 11, maxNewTokens: 3 };
    const undisturbed = await engine.ask(message, sampling);

    await engine.forget();
    // Each image has nine stages: many images last until Stop has arrived, also from a page that is late.
    const many = await Promise.all(Array.from({ length: 12 }, (_, index) => picture('image/png', 20 + 25 * index)));
    const encoding = await stopped([user('무엇이 보이나요?', ...many)], isPhase('image'), sampling);
    expect(encoding.ids).toEqual([]);
    expect(encoding.after.filter(isPhase('image')).length).toBeLessThanOrEqual(runningWork + 1);
    expect(encoding.events.some(isPhase('prefill'))).toBe(false);
    const last = encoding.events.findLast(isPhase('image'));
    expect(last?.type === 'progress' && last.done).toBeLessThan(many.length);
    expect((await engine.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.chat[breath]?.slice(0, 3));

    const prefilling = await stopped(message, isPhase('prefill'), sampling);
    expect(prefilling.ids).toEqual([]);
    const done = prefilling.events.findLast(isPhase('prefill'));
    expect(done?.type === 'progress' && done.done < done.total).toBe(true);
    expect(prefilling.after.filter(isPhase('prefill')).length).toBeLessThanOrEqual(runningWork);
    const again = await engine.ask(message, sampling);
    expect(again.ids).toEqual(undisturbed.ids);
    expect(turnOf(again)).toMatchObject({ imageMilliseconds: 0 });
    expect(turnOf(again).cachedTokens).toBeGreaterThan(0);
  });
});

describe('jobs', () => {
  test('a second one is refused, and the first goes on, also when one before it is stopped', async () => {
    await engine.ask(breath, { maxNewTokens: 1 });
    const stopEnded = engine.stopLast;
    let refused: Promise<Answer> | undefined;
    // So slow that the second message comes during it.
    const answer = await engine.ask(breath, {
      maxNewTokens: 9,
      tokensPerSecond: 4,
      onEvent({ type }) {
        if (type !== 'token') return;
        stopEnded();
        refused ??= engine.ask(diagnosis);
      },
    });
    expect(answer.end).toMatchObject({ type: 'done', reason: 'length' });
    expect(answer.ids).toEqual(expected.chat[breath]?.slice(0, 9));
    const { events } = (await refused) ?? {};
    expect(events).toEqual([{ type: 'failed', failure: { code: 'busy', detail: {} } }]);
  });

  test('a job that has ended is not stopped, nor is the next one', async () => {
    const first = engine.ask(breath, { maxNewTokens: 1 });
    const stop = engine.stopLast;
    await first;
    stop();
    expect((await engine.ask(breath, { maxNewTokens: 3 })).end).toMatchObject({ type: 'done' });
  });
});
