/** What the engine worker answers: streams, greedy and sampled tokens, turns, images, figures. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ChatMessage } from '#core/chat/message.ts';
import { provider } from '../provided.ts';
import { EngineClient, picture, promptLength, said, turnOf, user, type Answer } from './client.ts';
import { breath, diagnosis, expectedAnswers, headache, seen, type Expected } from './questions.ts';

vi.setConfig({ testTimeout: 180_000 });
const contextLength = 512;
const hot = { temperature: 1, topK: 0, topP: 1 };
const engine = new EngineClient();
/** Forgets before each comparison: what it answers owes nothing to an earlier turn. */
const other = new EngineClient();
let expected: Expected;

beforeAll(async () => {
  expected = await expectedAnswers();
  for (const client of [engine, other]) {
    const { runtime } = await client.model('chat', { contextLength });
    expect(runtime.provider).toBe(provider);
  }
}, 180_000);
afterAll(() => {
  engine.terminate();
  other.terminate();
});

async function afresh(messages: ChatMessage[], options: Parameters<EngineClient['ask']>[1] = {}): Promise<Answer> {
  await other.forget();
  const answer = await other.ask(messages, options);
  expect(turnOf(answer).cachedTokens).toBe(0);
  return answer;
}

const imageSteps = ({ events }: Answer) =>
  events.filter((event) => event.type === 'progress' && event.phase === 'image').length;

describe('one answer', () => {
  test('progress, then tokens, then one terminal event; the tokens are those of the CPU in Node', async () => {
    const answer = await engine.ask(breath, { maxNewTokens: 10 });
    expect(answer.ids).toEqual(expected.chat[breath]);
    expect(answer.text).not.toBe('');
    const types = answer.events.map(({ type }) => type);
    expect(types.filter((type) => type === 'done')).toHaveLength(1);
    expect(types.join(' ')).toMatch(/^(progress )+(token )+done$/);
    const turn = turnOf(answer);
    expect(answer.end).toMatchObject({ type: 'done', reason: 'length' });
    const lastChunk = answer.events.findLast((event) => event.type === 'progress');
    expect(lastChunk).toEqual({
      type: 'progress',
      phase: 'prefill',
      done: turn.prefillTokens,
      total: turn.prefillTokens,
    });

    expect(turn).toMatchObject({ newTokens: 10, imageMilliseconds: 0 });
    const first = turn.timeToFirstTokenMilliseconds ?? NaN;
    expect(turn.prefillMilliseconds).toBeGreaterThan(0);
    // The prefill ends before the first token, whatever the answer's length.
    expect(turn.prefillMilliseconds).toBeLessThanOrEqual(first);
    expect(first).toBeLessThan(answer.milliseconds);
    // Nine intervals, in what is left of the time.
    expect(turn.decodeTokensPerSecond).toBeGreaterThanOrEqual(9 / ((answer.milliseconds - first) / 1000));
  });

  test('the same again, with the prompt in the cache, and after forget without it', async () => {
    const again = await engine.ask(breath, { maxNewTokens: 9 });
    expect(again.ids).toEqual(expected.chat[breath]?.slice(0, 9));
    // One token is computed in any case: the answer begins with what it gives.
    expect(turnOf(again).prefillTokens).toBe(1);
    await engine.forget();
    const stats = engine.stats.at(-1);
    expect(stats).toMatchObject({ contextUsed: 0, contextLength });
    const forgotten = await engine.ask(breath, { maxNewTokens: 9 });
    expect(forgotten.ids).toEqual(expected.chat[breath]?.slice(0, 9));
    expect(turnOf(forgotten).cachedTokens).toBe(0);
  });

  test.each([diagnosis, headache, seen])('%s', async (question) => {
    expect((await engine.ask(question, { maxNewTokens: 5 })).ids).toEqual(expected.chat[question]?.slice(0, 5));
  });

  test('no more tokens than asked for', async () => {
    const { ids, end } = await engine.ask(diagnosis, { maxNewTokens: 1 });
    expect(ids).toHaveLength(1);
    expect(end).toMatchObject({ type: 'done', reason: 'length', turn: { newTokens: 1 } });
    expect(turnOf(await engine.ask(diagnosis, { ...hot, maxNewTokens: 3 })).newTokens).toBe(3);
  });
});

describe('sampling', () => {
  test('a seed repeats an answer, another changes it', async () => {
    const sample = async (seed: number) => (await engine.ask(headache, { ...hot, seed, maxNewTokens: 6 })).ids;
    const [first, again, another] = [await sample(1), await sample(1), await sample(2)];
    expect(again).toEqual(first);
    expect(another).not.toEqual(first);
  });

  test('the repetition penalty keeps a greedy answer from going round', async () => {
    const plain = expected.chat[diagnosis]?.slice(0, 6);
    expect(new Set(plain).size).toBe(1);
    const { ids } = await engine.ask(diagnosis, { repetitionPenalty: 10, maxNewTokens: 6 });
    expect(ids[0]).toBe(plain?.[0]);
    expect(new Set(ids).size).toBeGreaterThan(3);
  });
});

describe('turns', () => {
  test('system text and a second turn: the cache of the first is kept, and the answer is that of a fresh engine', async () => {
    // Four tokens of text that the tokenizer spells as the model did, so that the fresh engine has the same prompt.
    const opening = [said('system', '한국어로 답하세요.'), user('왼쪽 폐')];
    await engine.forget();
    const first = await engine.ask(opening, { maxNewTokens: 4 });
    expect(promptLength(first)).toBeGreaterThan(promptLength(await engine.ask('왼쪽 폐', { maxNewTokens: 1 })));
    expect((await engine.ask(opening, { maxNewTokens: 4 })).ids).toEqual(first.ids);

    const whole = [...opening, said('assistant', first.text), user(breath)];
    const second = await engine.ask(whole, { maxNewTokens: 6 });
    expect(turnOf(second).cachedTokens).toBeGreaterThanOrEqual(promptLength(first) + first.ids.length - 1);
    const fresh = await afresh(whole, { maxNewTokens: 6 });
    expect(promptLength(fresh)).toBe(promptLength(second));
    expect(fresh.ids).toEqual(second.ids);
    const sampled = await engine.ask(whole, { ...hot, seed: 3, maxNewTokens: 6 });
    expect((await afresh(whole, { ...hot, seed: 3, maxNewTokens: 6 })).ids).toEqual(sampled.ids);
    expect(new Set(sampled.ids).size).toBeGreaterThan(2);
  }, 300_000);
});

describe('images', () => {
  test('PNG, JPEG and WebP in one message; in the next turn their features are there', async () => {
    const images = [await picture('image/png', 0), await picture('image/jpeg', 90), await picture('image/webp', 200)];
    const message = user('무엇이 보이나요?', ...images);
    await engine.forget();
    const first = await engine.ask([message], { ...hot, seed: 4, maxNewTokens: 3 });
    expect(turnOf(first).imageMilliseconds).toBeGreaterThan(0);
    expect(turnOf(first).timeToFirstTokenMilliseconds).toBeGreaterThan(
      turnOf(first).imageMilliseconds + turnOf(first).prefillMilliseconds,
    );
    const steps = first.events.flatMap((event) =>
      event.type === 'progress' && event.phase === 'image' ? [event.done / event.total] : [],
    );
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeCloseTo(1);

    const next = [message, said('assistant', '치치'), user(seen)];
    const second = await engine.ask(next, { ...hot, seed: 5, maxNewTokens: 3 });
    expect(turnOf(second).imageMilliseconds).toBe(0);
    expect(turnOf(second).cachedTokens).toBeGreaterThan(3 * 4);
    expect(imageSteps(second)).toBe(0);
    const fresh = await afresh(next, { ...hot, seed: 5, maxNewTokens: 3 });
    expect(promptLength(fresh)).toBe(promptLength(second));
    expect(fresh.ids).toEqual(second.ids);

    // Other words before them: the KV prefix does not match any more, the features still do.
    const moved = await engine.ask([said('system', '짧게'), message], { maxNewTokens: 1 });
    expect(turnOf(moved)).toMatchObject({ imageMilliseconds: 0 });
    expect(turnOf(moved).prefillTokens).toBeGreaterThan(3 * 4);

    // The last of the three is another: only that one is encoded, and it is seen.
    const changed = user('무엇이 보이나요?', ...images.slice(0, 2), await picture('image/webp', 20));
    const third = await engine.ask([changed], { ...hot, seed: 4, maxNewTokens: 3 });
    expect(imageSteps(third)).toBe(steps.length / 3);
    expect(third.ids).not.toEqual(first.ids);
    await engine.forget();
    expect(imageSteps(await engine.ask([message], { maxNewTokens: 1 }))).toBe(steps.length);
  }, 300_000);
});

describe('figures', () => {
  test('at least four times a second while it answers, the last of them with the turn', async () => {
    await engine.forget();
    const from = engine.stats.length;
    // Beside a clock of the test's own: a busy machine holds up both.
    let ticks = 0;
    let clock: ReturnType<typeof setInterval> | undefined;
    const answer = await engine.ask(breath, {
      maxNewTokens: 4,
      tokensPerSecond: 1,
      onEvent: ({ type }) => type === 'token' && (clock ??= setInterval(() => ticks++, 250)),
    });
    clearInterval(clock);
    const stats = engine.stats.slice(from);
    expect(ticks).toBeGreaterThan(0);
    expect(stats.length).toBeGreaterThanOrEqual(ticks);

    const last = stats.at(-1);
    expect(last?.turn).toEqual(turnOf(answer));
    // The last token of an answer is not in the cache yet.
    expect(last?.contextUsed).toBe(promptLength(answer) + 4 - 1);
    expect(last?.contextLength).toBe(contextLength);
    expect(last?.memory.wasmHeap?.bytes).toBeGreaterThan(0);
  });
});
