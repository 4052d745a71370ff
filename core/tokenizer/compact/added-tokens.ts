import type { AddedToken } from '../bpe/added-tokens.ts';
import type { Vocabulary } from '../vocabulary.ts';

const FLAGS = ['normalized', 'special', 'lstrip', 'rstrip', 'singleWord'] as const;

/** `count` tokens from id `id` on; bit i of `flags` is FLAGS[i]. `content` is set if the token is not in the vocabulary. */
type Run = [id: number, count: number, flags: number, content?: string];

/** Added tokens as runs of ids. */
export function compactAddedTokens(tokens: readonly AddedToken[], vocabulary: Vocabulary): Run[] {
  const runs: Run[] = [];
  for (const token of tokens) {
    const flags = FLAGS.reduce((bits, flag, bit) => bits | (token[flag] ? 1 << bit : 0), 0);
    const last = runs.at(-1);
    if (vocabulary.pieceOf(token.id) === undefined) runs.push([token.id, 1, flags, token.content]);
    else if (last && last[3] === undefined && last[0] + last[1] === token.id && last[2] === flags) last[1]++;
    else runs.push([token.id, 1, flags]);
  }
  return runs;
}

/** Undefined if `runs` does not have the format of `compactAddedTokens`. */
export function readCompactAddedTokens(runs: unknown, vocabulary: Vocabulary): AddedToken[] | undefined {
  if (!Array.isArray(runs)) return undefined;
  const tokens: AddedToken[] = [];
  for (const run of runs as unknown[]) {
    const [first, count, flags, own] = Array.isArray(run) ? (run as unknown[]) : [];
    if (typeof first !== 'number' || typeof count !== 'number' || typeof flags !== 'number') return undefined;
    for (let id = first; id < first + count; id++) {
      const content = typeof own === 'string' ? own : vocabulary.pieceOf(id);
      if (content === undefined) return undefined;
      const has = (flag: (typeof FLAGS)[number]) => ((flags >> FLAGS.indexOf(flag)) & 1) === 1;
      tokens.push({
        id,
        content,
        normalized: has('normalized'),
        special: has('special'),
        lstrip: has('lstrip'),
        rstrip: has('rstrip'),
        singleWord: has('singleWord'),
      });
    }
  }
  return tokens;
}
