import type { AddedToken } from './added-tokens.ts';
import type { BpeModelParts } from './model.ts';
import { MergeTable } from './merge-table.ts';
import { ExtendedVocabulary, unitsOf } from '../vocabulary.ts';

/**
 * What is added to a vocabulary. A pack is `pieces` with `merges` behind those of the base; everything else that can be
 * said with it are ways of integrating that do not work as well, which the page shows.
 */
export interface VocabularyExtension {
  /** New entries of the model's vocabulary. Without a merge that makes them they are never used. */
  pieces?: readonly (readonly [piece: string, id: number])[];
  /**
   * The base's merges have the ranks 0 … `rankEnd` − 1: negative ranks go before them, ranks from `rankEnd` on behind.
   * Merges of the same rank go from left to right. `left`, `right` and `left + right` have to be pieces.
   */
  merges?: readonly { left: string; right: string; rank: number }[];
  /** Cut out of the text before BPE, besides those of the base. */
  addedTokens?: readonly AddedToken[];
}

/** Throws RangeError where a piece or id is taken, or a merge speaks of what is no piece. */
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

/** A merge of bytes or unknowns can reach across characters that stand side by side in no piece. */
export function isFallback(parts: Pick<BpeModelParts, 'bytes' | 'unknown'>, id: number): boolean {
  return id === parts.unknown || (parts.bytes?.includes(id) ?? false);
}
