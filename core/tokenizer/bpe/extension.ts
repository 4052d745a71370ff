import type { AddedToken } from './added-tokens.ts';
import type { BpeModelParts } from './model.ts';
import { MergeTable } from './merge-table.ts';
import { ExtendedVocabulary, unitsOf } from '../vocabulary.ts';

/**
 * Additions to a vocabulary. A pack consists of `pieces`, and `merges` after those of the base. All other combinations are
 * worse methods of integration, which the page shows for comparison.
 */
export interface VocabularyExtension {
  /** New entries of the model's vocabulary. Entries without a merge are never used. */
  pieces?: readonly (readonly [piece: string, id: number])[];
  /**
   * The base's merges have the ranks 0 … `rankEnd` − 1. Negative ranks apply before them, ranks from `rankEnd` on after them.
   * Merges of the same rank apply from left to right. `left`, `right` and `left + right` must be pieces.
   */
  merges?: readonly { left: string; right: string; rank: number }[];
  /** Matched in the text before BPE, in addition to those of the base. */
  addedTokens?: readonly AddedToken[];
}

/** @throws RangeError if a piece or id already exists, or a merge uses an unknown piece */
export function extendParts(
  base: BpeModelParts,
  baseAdded: readonly AddedToken[],
  baseRankEnd: number,
  extension: VocabularyExtension,
): { parts: BpeModelParts; addedTokens: readonly AddedToken[]; rankEnd: number } {
  const { pieces = [], merges = [], addedTokens = [] } = extension;
  const taken = new Map(baseAdded.map(({ id, content }) => [id, content]));
  for (const [piece, id] of [...pieces, ...addedTokens.map((token) => [token.content, token.id] as const)]) {
    const content = taken.get(id);
    if (content !== undefined && content !== piece)
      throw new RangeError(`Id ${id} is taken by ${JSON.stringify(content)}.`);
  }
  const vocabulary = new ExtendedVocabulary(base.vocabulary, pieces);
  for (const { id, content } of addedTokens) {
    const piece = vocabulary.pieceOf(id);
    if (piece !== undefined && piece !== content)
      throw new RangeError(`Id ${id} is taken by ${JSON.stringify(piece)}.`);
  }
  const table = new MergeTable(merges.length, base.merges);
  const joins = merges.length > 0 ? base.joins.copy() : base.joins;
  let { cutKnownOnly } = base;
  let rankEnd = baseRankEnd;
  for (const { left, right, rank } of merges) {
    const idOf = (piece: string) => {
      const id = vocabulary.idOf(piece);
      if (id === undefined)
        throw new RangeError(
          `The merge of ${JSON.stringify(left)} and ${JSON.stringify(right)} needs the piece ${JSON.stringify(piece)}, which the vocabulary lacks.`,
        );
      return id;
    };
    const [leftId, rightId, result] = [idOf(left), idOf(right), idOf(left + right)];
    table.set(leftId, rightId, rank, result);
    joins.addPiece(unitsOf(left + right), 0, left.length + right.length);
    cutKnownOnly ||= isFallback(base, leftId) || isFallback(base, rightId);
    rankEnd = Math.max(rankEnd, rank + 1);
  }
  const characters = pieces.some(([piece]) => piece.length === 1) ? base.characters.slice() : base.characters;
  for (const [piece, id] of pieces) if (piece.length === 1) characters[piece.charCodeAt(0)] = id;
  return {
    parts: { ...base, vocabulary, merges: table, joins, characters, cutKnownOnly },
    addedTokens: addedTokens.length > 0 ? [...baseAdded, ...addedTokens] : baseAdded,
    rankEnd,
  };
}

/** True for byte and unknown tokens. A merge of them can join characters that are not adjacent in any piece. */
export function isFallback(parts: Pick<BpeModelParts, 'bytes' | 'unknown'>, id: number): boolean {
  return id === parts.unknown || (parts.bytes?.includes(id) ?? false);
}
