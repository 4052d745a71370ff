import type { BpeModelParts } from '../bpe/model.ts';
import { bpeParts } from '../bpe/parts.ts';
import { MergeTable } from '../bpe/merge-table.ts';
import { PIECE_TYPE, type SentencePieceFile } from './file.ts';
import type { PieceTable } from '../vocabulary.ts';

/**
 * Converts score-based BPE to merges: two adjacent pieces may merge if together they form a piece; the largest score applies
 * first, leftmost on a tie. The rank is the position of the score in descending order.
 *
 * @returns undefined if merges cannot say it: pieces are marked unused, or contain characters that are not pieces
 */
export function sentencePieceBpe(
  file: SentencePieceFile,
  vocabulary: PieceTable,
  unknown: number,
): BpeModelParts | undefined {
  const { pieces, byteFallback } = file;
  const merging = (id: number | undefined): id is number => {
    const type = id === undefined ? undefined : pieces[id]?.type;
    return type === PIECE_TYPE.normal || type === PIECE_TYPE.userDefined;
  };
  const ranks = ranksOf(pieces.map(({ score }) => score));
  const merges = new MergeTable(pieces.length * 2);
  for (const [id, { piece, score, type }] of pieces.entries()) {
    if (type === PIECE_TYPE.unused) return undefined;
    if (!merging(id)) continue;
    for (let at = 1; at < piece.length; at++) {
      if ((piece.charCodeAt(at) & 0xfc00) === 0xdc00) continue;
      const [left, right] = [piece.slice(0, at), piece.slice(at)];
      const [leftId, rightId] = [vocabulary.idOf(left), vocabulary.idOf(right)];
      if (merging(leftId) && merging(rightId)) merges.set(leftId, rightId, ranks.get(score) ?? 0, id);
      // User-defined pieces are matched in the text before it is split into characters.
      else if (
        type === PIECE_TYPE.normal &&
        (merging(leftId) || isCharacter(left)) &&
        (merging(rightId) || isCharacter(right))
      ) {
        return undefined;
      }
    }
  }
  const options = { byteFallback, unknown, fuseUnknown: true, ignoreMerges: false };
  const parts = bpeParts(vocabulary, merges, options);
  // Only text pieces count as characters, since SentencePiece does not match control pieces in a text.
  for (const [unit, id] of parts.characters.entries()) if (!merging(id)) parts.characters[unit] = -1;
  return parts;
}

function ranksOf(scores: readonly number[]): Map<number, number> {
  const descending = [...new Set(scores)].sort((a, b) => b - a);
  return new Map(descending.map((score, rank) => [score, rank]));
}

function isCharacter(text: string): boolean {
  return text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
}
