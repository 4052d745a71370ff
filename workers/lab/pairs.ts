import type { PairCounts, PairsRequest } from '#core/protocol/tokenizer-lab.ts';
import type { RunningJob } from './jobs.ts';
import type { Shelf } from './shelf.ts';

/** Tokens of every sentence through every tokenizer that is there. */
export async function countPairs(
  shelf: Shelf,
  { pairs, keys }: PairsRequest,
  job: RunningJob,
  progress: (done: number, total: number) => void,
): Promise<PairCounts[]> {
  const found = keys.flatMap((key) => {
    const tokenizer = shelf.get(key)?.tokenizer;
    return tokenizer ? [{ key, tokenizer }] : [];
  });
  const counts = found.map(({ key }) => ({
    key,
    english: new Int32Array(pairs.length),
    korean: new Int32Array(pairs.length),
  }));
  for (const [at, pair] of pairs.entries()) {
    await job.pause();
    for (const [index, { tokenizer }] of found.entries()) {
      const row = counts[index];
      if (!row) continue;
      row.english[at] = tokenizer.encode(pair.english).length;
      row.korean[at] = tokenizer.encode(pair.korean).length;
    }
    if (at % 50 === 0) progress(at, pairs.length);
  }
  return counts;
}
