/** Packages that others exported in the transformers.js layout: no manifest, other graphs, image tokens causal. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mainGraph, readModel } from '#core/onnx/model.ts';
import { provider } from '../provided.ts';
import { EngineClient, picture, promptLength, said, turnOf, user } from './client.ts';
import { packageFiles, packageUrl } from './model.ts';
import { breath, diagnosis, expectedAnswers, headache, type Expected } from './questions.ts';

vi.setConfig({ testTimeout: 300_000 });
const sampling = { temperature: 1, seed: 6, maxNewTokens: 4 };
let expected: Expected;
/** Sampled answer to an image and a question after it, by package. */
const seen = new Map<string, number[]>();

beforeAll(async () => {
  expected = await expectedAnswers();
});

test('the fixtures are what they should be', async () => {
  for (const name of ['foreign', 'foreign-concat']) {
    // The server answers with its start page.
    expect((await fetch(`${packageUrl(name)}manifest.json`)).headers.get('content-type')).toContain('text/html');
    const response = await fetch(`${packageUrl(name)}onnx/decoder_model_merged_q4.onnx`);
    const model = readModel(new Uint8Array(await response.arrayBuffer()));
    const { node, input } = mainGraph(model);
    const operators = new Set(node.map(({ opType }) => opType));
    expect(operators.has('GroupQueryAttention')).toBe(name === 'foreign');
    expect(operators.has('If')).toBe(false);
    expect(input.map((info) => info.name)).not.toContain('num_logits_to_keep');
    expect(model.producerName).toBe('somebody');
  }
});

describe.each(['foreign', 'foreign-concat'])('%s', (name) => {
  const engine = new EngineClient();
  afterAll(() => engine.terminate());
  const isStatic = name === 'foreign';

  test('opens by its address, and says what it is', async () => {
    const model = await engine.model(name, { contextLength: 256 });
    expect(model).toMatchObject({
      randomWeights: false,
      dtype: { decoder: 'q4', vision: 'q8' },
      hasVision: true,
      imageAttention: 'causal',
      contextLength: 256,
    });
    expect(model.runtime.provider).toBe(provider);
    const kv = engine.stats.at(-1)?.memory.gpu?.kv.bytes ?? NaN;
    if (isStatic && provider === 'webgpu') expect(kv).toBe(2 * 8 * 2 * 256 * 32 * 4);
  });

  test('the greedy answers are those of our own decoder', async () => {
    for (const question of [breath, diagnosis])
      expect((await engine.ask(question, { maxNewTokens: 9 })).ids).toEqual(expected.chat[question]?.slice(0, 9));
    const sampled = await engine.ask(headache, { ...sampling, maxNewTokens: 3 });
    expect(sampled.ids).toHaveLength(3);
  });

  test('a second turn, with an image: the answer is that without a cache', async () => {
    await engine.forget();
    // Answered in tokens that the tokenizer spells the same, so that the prompt is the same without a cache.
    const opening = [user('왼쪽 폐')];
    const first = await engine.ask(opening, { maxNewTokens: 3 });
    const whole = [...opening, said('assistant', first.text), user(breath, await picture('image/png', 120))];
    const second = await engine.ask(whole, sampling);
    expect(turnOf(second).cachedTokens).toBe(promptLength(first) + first.ids.length - 1);
    await engine.forget();
    const fresh = await engine.ask(whole, sampling);
    expect(turnOf(fresh)).toMatchObject({ cachedTokens: 0 });
    expect(promptLength(fresh)).toBe(promptLength(second));
    expect(fresh.ids).toEqual(second.ids);
    seen.set(name, fresh.ids);

    // Another question: a growing cache on the GPU begins anew, every other is cut; both are right.
    const other = await engine.ask(diagnosis, { maxNewTokens: 3 });
    expect(turnOf(other).cachedTokens > 0).toBe(isStatic || provider === 'wasm');
    expect(other.ids).toEqual(expected.chat[diagnosis]?.slice(0, 3));
  });
});

test('both kinds of cache give the same answer', () => {
  expect(seen.get('foreign')).toHaveLength(4);
  expect(seen.get('foreign-concat')).toEqual(seen.get('foreign'));
});

test('the embedded package: image tokens see each other in both directions', async () => {
  const engine = new EngineClient();
  const model = await engine.model(await packageFiles('chat'), { contextLength: 64, provider: 'wasm' });
  expect(model).toMatchObject({ randomWeights: true, imageAttention: 'bidirectional' });
  engine.terminate();
});
