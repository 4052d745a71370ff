/** The LoRA lab's side of the engine worker: adapters set, refused and taken away, strengths, traces. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Softmax } from '#core/sampling/probability.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { ListedAdapter, SetAdaptersEvent } from '#core/protocol/adapters.ts';
import { maxDifference } from '../../reference/golden.ts';
import { provider } from '../provided.ts';
import { EngineClient, failureOf, picture, turnOf, user, type Job } from './client.ts';
import { adapterFiles, fixtureAdapter, withNaN, type Spoil } from './lora-files.ts';
import { breath, diagnosis, expectedAnswers, headache, type Expected } from './questions.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const engine = new EngineClient();
let expected: Expected;
let files: ListedAdapter;
/** What the fixture's adapter makes of the answer to `breath`. */
let adapted: number[];
/** Logits of the base's answer to `breath`, token by token. */
let baseLogits: (Float32Array | undefined)[];
const length = 6;

const set = (adapters: readonly ListedAdapter[], strengths = adapters.map(() => 1), truncateTo: number[] = []) =>
  engine.setAdapters({ adapters, strengths, truncateTo });

function infosOf({ end }: Job<SetAdaptersEvent>): readonly AdapterInfo[] {
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return end.adapters;
}

beforeAll(async () => {
  expected = await expectedAnswers();
  files = await adapterFiles();
  expect(failureOf(await set([files]))).toEqual({ code: 'no-model', detail: {} });
  expect(failureOf(await engine.trace(breath))).toEqual({ code: 'no-model', detail: {} });
  await engine.model('chat', { contextLength: 2048 });
});
afterAll(() => engine.terminate());

describe('without adapters', () => {
  test('a trace writes the answer of the chat, with probabilities', async () => {
    const base = expected.chat[breath]?.slice(0, length);
    const { tokens, end, events } = await engine.trace(breath, { maxNewTokens: length, alternatives: 5, logits: true });
    expect(tokens.map(({ id }) => id)).toEqual(base);
    baseLogits = tokens.map(({ logits }) => logits);
    expect(end).toMatchObject({ type: 'done', reason: 'length' });
    expect(events.map(({ type }) => type).join(' ')).toMatch(/^(progress )+(token ){6}done$/);
    for (const { probability, alternatives, logits, text } of tokens) {
      // Written out, over all of the vocabulary.
      const weights = [...(logits ?? [])].map(Math.exp);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const sorted = weights.map((weight) => weight / sum).sort((a, b) => b - a);
      expect(weights).toHaveLength(512);
      [probability, ...alternatives.map((other) => other.probability)].forEach((value, index) =>
        expect(value).toBeCloseTo(sorted[index] ?? NaN, 6),
      );
      expect(text).not.toBe('');
    }
    expect(end.type === 'done' && end.text).toBe((await engine.ask(breath, { maxNewTokens: length })).text);

    // The same tokens given: as likely as they were; others less.
    const given = await engine.trace(breath, { forced: base ?? [] });
    expect(given.tokens.map(({ probability }) => probability)).toEqual(tokens.map(({ probability }) => probability));
    const other = await engine.trace(breath, { forced: [3, 1, 7] });
    expect(other.tokens.map(({ id }) => id)).toEqual([3, 1, 7]);
    expect(other.tokens[0]?.probability).toBeLessThan(tokens[0]?.probability ?? 0);
    // And the chat is none the worse for it.
    expect((await engine.ask(diagnosis, { maxNewTokens: 4 })).ids).toEqual(expected.chat[diagnosis]?.slice(0, 4));
  });

  test('a trace samples as the chat does', async () => {
    const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1.3, seed: 5 };
    const { ids } = await engine.ask(headache, { ...sampling, maxNewTokens: 5 });
    const { tokens } = await engine.trace(headache, { sampling, maxNewTokens: 5 });
    expect(tokens.map(({ id }) => id)).toEqual(ids);
  });
});

describe('adapters', () => {
  test('are read and told of as their files have them', async () => {
    const job = await set([files]);
    const [info] = infosOf(job);
    const { modules } = await fixtureAdapter();
    expect(info).toMatchObject({ name: 'fixture', rank: 4, alpha: 8, rankStabilized: false, baseModel: 'golden' });
    expect(info?.parameters).toBe(modules.reduce((sum, { a, b }) => sum + a.length + b.length, 0));
    expect(info?.modules).toHaveLength(modules.length);
    for (const { singularValues, updateNorm } of info?.modules ?? []) {
      expect(singularValues).toHaveLength(4);
      expect([...singularValues].sort((x, y) => y - x)).toEqual(singularValues);
      expect(updateNorm).toBeCloseTo(Math.hypot(...singularValues), 4);
      expect(updateNorm).toBeGreaterThan(0);
    }
    const read = job.events.filter((event) => event.type === 'progress');
    expect(read.at(-1)?.doneBytes).toBe(read.at(-1)?.totalBytes);
    adapted = (await engine.ask(breath, { maxNewTokens: length })).ids;
    expect(adapted).not.toEqual(expected.chat[breath]?.slice(0, length));
  });

  test('a trace has strengths of its own, and they are back in force after it', async () => {
    const base = expected.chat[breath]?.slice(0, length);
    const one = await engine.trace(breath, { maxNewTokens: length });
    expect(one.tokens.map(({ id }) => id)).toEqual(adapted);
    const none = await engine.trace(breath, { maxNewTokens: length, strengths: [0], logits: true });
    expect(none.tokens.map(({ id }) => id)).toEqual(base);
    // In 4 bits, where the runtime fuses products of the session without branches.
    const differences = none.tokens.map(({ logits }, i) => maxDifference(logits ?? [], baseLogits[i] ?? []));
    console.log(`strength 0 differs from the session without branches by ${Math.max(...differences)}`);
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-6);
    // How likely the base finds what the adapter made.
    const given = await engine.trace(breath, { forced: adapted, strengths: [0] });
    const found = new Softmax(baseLogits[0] ?? new Float32Array()).of(adapted[0] ?? NaN);
    expect(given.tokens[0]?.probability).toBeCloseTo(found, 6);
    expect(one.tokens[0]?.probability).not.toBeCloseTo(found, 6);
    const stopped = await engine.trace(breath, { maxNewTokens: 1500, strengths: [0] }, (event, stop) => {
      if (event.type === 'token') stop();
    });
    expect(stopped.end).toEqual({ type: 'stopped' });
    expect(stopped.tokens.length).toBeLessThan(provider === 'webgpu' ? 20 : 1500);
    const after = await engine.ask(breath, { maxNewTokens: length });
    expect(after.ids).toEqual(adapted);
    expect(turnOf(after).cachedTokens).toBe(0);
  });

  test('a strength moved during an answer changes the words after it; the next answer begins anew', async () => {
    const base = expected.chat[breath]?.slice(0, length);
    let seen = 0;
    const moved = await engine.ask(breath, {
      maxNewTokens: length,
      tokensPerSecond: 1,
      onEvent(event) {
        if (event.type === 'token' && (seen += event.ids.length) === 2) engine.setStrengths([-1]);
      },
    });
    expect(moved.ids.slice(0, 2)).toEqual(adapted.slice(0, 2));
    expect(moved.ids).not.toEqual(adapted);
    const opposite = await engine.ask(breath, { maxNewTokens: length });
    expect(turnOf(opposite).cachedTokens).toBe(0);
    expect(opposite.ids[0]).not.toBe(adapted[0]);
    // The same strengths again: nothing is foreign.
    engine.setStrengths([-1]);
    expect(turnOf(await engine.ask(breath, { maxNewTokens: 2 })).cachedTokens).toBeGreaterThan(0);
    engine.setStrengths([0]);
    expect((await engine.ask(breath, { maxNewTokens: length })).ids).toEqual(base);
    engine.setStrengths([1]);
    expect((await engine.ask(breath, { maxNewTokens: length })).ids).toEqual(adapted);
  });

  test('cut to a smaller rank they are another answer, and told of as before', async () => {
    const probability = async () =>
      (await engine.trace(breath, { forced: adapted.slice(0, 1) })).tokens[0]?.probability;
    const whole = await probability();
    const job = await set([files], [1], [1]);
    // The session has the places already.
    expect(job.events.map(({ type }) => type)).toEqual(['done']);
    expect(infosOf(job)[0]?.modules[0]).toMatchObject({ rank: 4 });
    expect(infosOf(job)[0]?.modules[0]?.singularValues).toHaveLength(4);
    expect(await probability()).not.toBe(whole);
    await set([files], [1], [4]);
    expect(await probability()).toBe(whole);
  });

  test('the image of a conversation outlasts a change of strength, and a trace', async () => {
    const message = [user('무엇이 보이나요?', await picture('image/png', 40))];
    const first = await engine.ask(message, { maxNewTokens: 1 });
    expect(turnOf(first).imageMilliseconds).toBeGreaterThan(0);
    engine.setStrengths([0.5]);
    const traced = await engine.trace(message, { maxNewTokens: 1 });
    expect(traced.events.some((event) => event.type === 'progress' && event.phase === 'image')).toBe(false);
    const next = await engine.ask(message, { maxNewTokens: 1 });
    expect(turnOf(next)).toMatchObject({ imageMilliseconds: 0, cachedTokens: 0 });
    engine.setStrengths([1]);
  });
});

describe('what does not fit is refused by name, and what stood before stands still', () => {
  const tensor = /base_model\.model\.\S*layers\.\d+\.self_attn\.\w_proj\.lora_[AB]/u.source;
  test.each<[string, Spoil, string, RegExp]>([
    [
      'of another rank than its configuration says',
      { config: { r: 8 } },
      'spoilt/adapter_model.safetensors',
      new RegExp(`tensor "${tensor}.*has the shape \\[4, 160\\]`, 'u'),
    ],
    [
      'without one half of a pair',
      { tensors: (all) => all.slice(1) },
      'spoilt/adapter_model.safetensors',
      new RegExp(`tensor "${tensor}.* has no lora_[AB] beside it`, 'u'),
    ],
    ['cut off', { cut: 1000 }, 'spoilt/adapter_model.safetensors', /tensor "|truncated/u],
    [
      'with NaN',
      { tensors: (all) => all.map((one, index) => (index === 5 ? withNaN(one) : one)) },
      'spoilt/adapter_model.safetensors',
      new RegExp(`tensor "${tensor}.*holds NaN at 0`, 'u'),
    ],
    ['of another kind', { config: { use_dora: true } }, 'spoilt/adapter_config.json', /use_dora is set: DoRA/u],
  ])('%s', async (_, spoil, file, reason) => {
    const failure = failureOf(await set([files, await adapterFiles({ name: 'spoilt', ...spoil })]));
    expect(failure?.code).toBe('adapter-refused');
    expect(failure?.detail['file']).toBe(file);
    expect(failure?.detail['reason']).toMatch(reason);
    expect(String(failure?.detail['reason'])).not.toContain('spoilt');
    expect((await engine.ask(breath, { maxNewTokens: 2 })).ids).toEqual(adapted.slice(0, 2));
  });

  test('five, two of one name, and what is no JSON', async () => {
    const named = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => adapterFiles({ name })));
    const refusal = async (adapters: ListedAdapter[]) => failureOf(await set(adapters))?.detail;
    expect(await refusal(named)).toEqual({ file: 'e', reason: 'no more than 4 adapters run at once' });
    expect(await refusal([files, files])).toMatchObject({ file: 'fixture' });
    expect(await refusal([{ ...files, id: 'no JSON', config: new Blob(['{']) }])).toEqual({
      file: 'fixture/adapter_config.json',
      reason: 'not JSON',
    });
    expect((await engine.ask(breath, { maxNewTokens: 2 })).ids).toEqual(adapted.slice(0, 2));
  });
});

describe('taken away', () => {
  test('gives the base’s answer, and another package begins without', async () => {
    expect(infosOf(await set([]))).toEqual([]);
    const base = expected.chat[breath]?.slice(0, length);
    expect((await engine.ask(breath, { maxNewTokens: length })).ids).toEqual(base);
    await set([files]);
    await engine.model('foreign-concat', { contextLength: 256 });
    const plain = await engine.ask(breath, { maxNewTokens: 3 });
    expect(plain.ids).toEqual(base?.slice(0, 3));
    // Somebody else's export, in which the cache grows: the places are found there too.
    infosOf(await set([files]));
    expect((await engine.ask(breath, { maxNewTokens: 3 })).ids).toEqual(adapted.slice(0, 3));
  });
});
