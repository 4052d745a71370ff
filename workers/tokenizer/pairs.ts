import type { PairCounts, PairsRequest, PairsResult, TokenizerKey } from '#core/protocol/tokenizer.ts';
import { pairsMeasures, TextMeter } from '#core/tokenizer/statistics/measure.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import type { RunningJob } from './jobs.ts';
import type { TokenizerRegistry } from './registry.ts';

type Progress = (done: number, total: number) => void;

/** Tokens of every sentence through every tokenizer that is there. */
export async function countPairs(
  shelf: TokenizerRegistry,
  { pairs, keys }: PairsRequest,
  job: RunningJob,
  progress: Progress,
): Promise<PairCounts[]> {
  const rows = present(shelf, keys).map(({ key, tokenizer }) => ({
    key,
    tokenizer,
    english: new Int32Array(pairs.length),
    korean: new Int32Array(pairs.length),
  }));
  for (const [at, pair] of pairs.entries()) {
    await job.pause();
    for (const { tokenizer, english, korean } of rows) {
      english[at] = tokenizer.encode(pair.english).length;
      korean[at] = tokenizer.encode(pair.korean).length;
    }
    if (at % 100 === 0) progress(at, pairs.length);
  }
  return rows.map(({ key, english, korean }) => ({ key, english, korean }));
}

/** Every pair through every tokenizer that is there, the first of which is what the others are compared with. */
export async function comparePairs(
  shelf: TokenizerRegistry,
  { pairs, keys }: PairsRequest,
  job: RunningJob,
  progress: Progress,
): Promise<PairsResult[]> {
  const found = present(shelf, keys);
  const tokenizers = found.map(({ tokenizer }) => tokenizer);
  const english = new TextMeter(tokenizers);
  const korean = new TextMeter(tokenizers);
  for (const [at, pair] of pairs.entries()) {
    await job.pause();
    english.add(pair.english);
    korean.add(pair.korean);
    if (at % 100 === 0) progress(at, pairs.length);
  }
  return pairsMeasures(english.results(), korean.results()).flatMap((measure, index) => {
    const key = found[index]?.key;
    return key === undefined ? [] : [{ key, measure }];
  });
}

function present(
  shelf: TokenizerRegistry,
  keys: readonly TokenizerKey[],
): { key: TokenizerKey; tokenizer: Tokenizer }[] {
  return keys.flatMap((key) => {
    const tokenizer = shelf.get(key)?.tokenizer;
    return tokenizer ? [{ key, tokenizer }] : [];
  });
}
