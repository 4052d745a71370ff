import type { Failure } from '#core/failure.ts';
import type { Pair } from '#core/tokenizer/statistics/measure.ts';
import { pairOf } from '#core/tokenizer/statistics/pairs.ts';
import { countText } from '#core/tokenizer/statistics/text-counts.ts';

export type ReadPairs =
  { type: 'pairs'; pairs: readonly Pair[]; koreanFirst: boolean } | { type: 'failed'; failure: Failure };

/** One pair per line, separated by a tab; empty lines are skipped. The column with more Hangul is the Korean one. */
export function readPairs(text: string, file: string): ReadPairs {
  const failed = (code: Failure['code'], detail: Failure['detail'] = {}): ReadPairs => {
    return { type: 'failed', failure: { code, detail: { file, ...detail } } };
  };
  const pairs: Pair[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const pair = pairOf(line);
    if (pair) pairs.push(pair);
    else {
      const columns = line.split('\t').length;
      return columns < 2
        ? failed('pair-without-tab', { line: index + 1 })
        : failed('pair-columns', { line: index + 1, columns });
    }
  }
  if (pairs.length === 0) return failed('no-pairs');
  const syllables = (side: keyof Pair) => {
    const counts = { characters: 0, bytes: 0, words: 0, syllables: 0 };
    for (const pair of pairs) countText(pair[side], counts);
    return counts.syllables;
  };
  const koreanFirst = syllables('english') > syllables('korean');
  return {
    type: 'pairs',
    koreanFirst,
    pairs: koreanFirst ? pairs.map(({ english, korean }) => ({ english: korean, korean: english })) : pairs,
  };
}
