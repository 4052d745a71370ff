import type { PairCounts, PairsRequest, PairsResult, TokenizerJobs, TokenizerKey } from '#core/protocol/tokenizer.ts';
import { pairsMeasures, TextMeter } from '#core/tokenizer/statistics/measure.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import type { TokenizerRegistry } from './registry.ts';

type PairsJob = RunningJob<TokenizerJobs['measurePairs' | 'comparePairs']>;

/** Counts the tokens of every sentence with every loaded tokenizer. */
export async function countPairs(
  registry: TokenizerRegistry,
  { pairs, keys }: PairsRequest,
  job: PairsJob,
): Promise<PairCounts[]> {
  const rows = present(registry, keys).map(({ key, tokenizer }) => ({
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
    job.progress({ type: 'progress', done: at, total: pairs.length });
  }
  return rows.map(({ key, english, korean }) => ({ key, english, korean }));
}

/** Compares the loaded tokenizers on every pair: each with the first one. */
export async function comparePairs(
  registry: TokenizerRegistry,
  { pairs, keys }: PairsRequest,
  job: PairsJob,
): Promise<PairsResult[]> {
  const found = present(registry, keys);
  const tokenizers = found.map(({ tokenizer }) => tokenizer);
  const english = new TextMeter(tokenizers);
  const korean = new TextMeter(tokenizers);
  for (const [at, pair] of pairs.entries()) {
    await job.pause();
    english.add(pair.english);
    korean.add(pair.korean);
    job.progress({ type: 'progress', done: at, total: pairs.length });
  }
  return pairsMeasures(english.results(), korean.results()).flatMap((measure, index) => {
    const key = found[index]?.key;
    return key === undefined ? [] : [{ key, measure }];
  });
}

function present(
  registry: TokenizerRegistry,
  keys: readonly TokenizerKey[],
): { key: TokenizerKey; tokenizer: Tokenizer }[] {
  return keys.flatMap((key) => {
    const tokenizer = registry.get(key)?.tokenizer;
    return tokenizer ? [{ key, tokenizer }] : [];
  });
}
