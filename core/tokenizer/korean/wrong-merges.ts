/**
 * Six methods of adding tokens to a vocabulary, all used in practice. Only the first is right; the others exist for comparison.
 */
import type { AddedToken } from '../bpe/added-tokens.ts';
import type { BpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import type { Pack } from './pack.ts';
import type { Tokenizer } from '../tokenizer.ts';

export type MergeMethod =
  /** Vocabulary entries, and merges after those of the base: the method of our exporter. */
  | 'right'
  /** SentencePiece pieces with score 0, as in Chinese-LLaMA (arXiv 2304.08177); they apply before nearly all others. */
  | 'score-zero'
  /** `add_tokens` of Hugging Face tokenizers with its default `normalized=True`. */
  | 'added-normalized'
  /** `add_tokens` with `AddedToken(…, normalized=False)`. */
  | 'added-raw'
  /** Vocabulary entries, and merges before those of the base. */
  | 'merges-first'
  /** Vocabulary entries without merges. */
  | 'no-merges';

export const MERGE_METHODS: readonly MergeMethod[] = [
  'right',
  'score-zero',
  'added-normalized',
  'added-raw',
  'merges-first',
  'no-merges',
];

/** The new tokens have the same ids in each method: `firstId + i`. @throws RangeError if the pack is for another base */
export function mergedBy(method: MergeMethod, base: BpeTokenizer, { merges, firstId }: Pack): BpeTokenizer {
  const pieces = merges.map(([left, right], index): [string, number] => [left + right, firstId + index]);
  const added = (normalized: boolean) => pieces.map(([content, id]) => addedToken(content, id, normalized));
  switch (method) {
    case 'right':
      return base.withMerges(merges, firstId);
    case 'added-normalized':
      return base.extend({ addedTokens: added(true) });
    case 'added-raw':
      return base.extend({ addedTokens: added(false) });
    case 'no-merges':
      return base.extend({ pieces });
    case 'merges-first':
      return base.extend({
        pieces,
        merges: merges.map(([left, right], index) => ({ left, right, rank: index - merges.length })),
      });
    case 'score-zero':
      return base.extend({ pieces, merges: scoredZero(base, pieces) });
  }
}

function addedToken(content: string, id: number, normalized: boolean): AddedToken {
  return { id, content, normalized, special: false, lstrip: false, rstrip: false, singleWord: false };
}

/**
 * SentencePiece has no list of merges: it merges any two pieces that form a piece, best score first, from left to right on
 * a tie. A new piece is therefore formed from every pair of pieces that spells it, and old pieces can be formed from new
 * ones. Scores of the base begin at 0 with its first normal piece and decrease by one per piece; new pieces with score 0
 * tie with that one. User-defined pieces (runs of spaces and line breaks) apply first.
 */
function scoredZero(base: BpeTokenizer, pieces: readonly [piece: string, id: number][]) {
  const added = new Set(pieces.map(([piece]) => piece));
  const rank = rankOfFirstPiece(base);
  const merges = pieces.flatMap(([piece]) =>
    splits(piece)
      .filter((parts) => parts.every((part) => added.has(part) || base.idOf(part) !== undefined))
      .map(([left, right]) => ({ left, right, rank })),
  );
  const letters = new Set(pieces.flatMap(([piece]) => Array.from(piece)));
  letters.delete('▁');
  for (let id = 0; id < base.size; id++) {
    const piece = base.pieceOf(id) ?? '';
    if (piece.length < 2 || base.kindOf(id) !== 'piece' || !Array.from(piece).some((letter) => letters.has(letter)))
      continue;
    const through = splits(piece).filter(
      ([left, right]) =>
        (added.has(left) && (added.has(right) || base.idOf(right) !== undefined)) ||
        (added.has(right) && base.idOf(left) !== undefined),
    );
    const own = through.length > 0 ? base.historyOf(id).at(-1)?.rank : undefined;
    if (own !== undefined) merges.push(...through.map(([left, right]) => ({ left, right, rank: own })));
  }
  return merges;
}

function splits(piece: string): [left: string, right: string][] {
  return Array.from({ length: piece.length - 1 }, (_, at) => [piece.slice(0, at + 1), piece.slice(at + 1)]);
}

function rankOfFirstPiece(base: BpeTokenizer): number {
  for (let id = 0; id < base.size; id++) {
    if (base.kindOf(id) !== 'piece') continue;
    const last = base.historyOf(id).at(-1);
    if (last) return last.rank;
  }
  return 0;
}

/** Number of new tokens that the tokenizer produces when encoding their own text. */
export function countReachable(tokenizer: Tokenizer, { merges, firstId }: Pack): number {
  return merges.reduce((reached, [left, right], index) => {
    const ids = tokenizer.encode((left + right).replaceAll('▁', ' '));
    return reached + (ids.length === 1 && ids[0] === firstId + index ? 1 : 0);
  }, 0);
}
