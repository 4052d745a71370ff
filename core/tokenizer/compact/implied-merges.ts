import { isJsonObject } from '../../json.ts';
import { unsupported } from '../format-error.ts';
import type { RankedMerges } from '../json/model.ts';
import { MergeTable } from '../bpe/merge-table.ts';
import { extendHash, nextPower, suffixHash, type PieceTable } from '../vocabulary.ts';

/**
 * Ids `first` … `end` − 1 are ordered by score; all other pieces have the score of `first`. SentencePiece's trainer writes this
 * order: control pieces and bytes, then learned pieces, then user-defined ones.
 */
export interface ScoredRange {
  first: number;
  end: number;
}

/** Merges in order of rank, three numbers each: left, right, result. */
export interface MergeList {
  count: number;
  triples: Int32Array;
}

/**
 * The merges of a SentencePiece vocabulary: every split of a piece into two pieces, ordered by score,
 * then by the lengths of left and right, longer first (`generate_merges` of Hugging Face transformers).
 */
export function impliedMerges(vocabulary: PieceTable, { first, end }: ScoredRange): MergeList {
  const list: MergeList = { count: 0, triples: new Int32Array(1 << 16) };
  const cuts = new PieceCuts(vocabulary);
  const unscored: { left: number; right: number; result: number; lengths: [left: number, right: number] }[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    if (id > first && id < end) continue;
    cuts.visit(id, (left, right) => {
      unscored.push({
        left,
        right,
        result: id,
        lengths: [codePoints(vocabulary, left), codePoints(vocabulary, right)],
      });
    });
  }
  unscored.sort((a, b) => b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]);
  for (const { left, right, result } of unscored) push(list, left, right, result);
  for (let id = first + 1; id < Math.min(end, vocabulary.size); id++) {
    cuts.visit(id, (left, right) => push(list, left, right, id));
  }
  return list;
}

/**
 * The range that gives exactly these merges: it begins after `<0xFF>`, and ends with the last piece that a merge forms.
 * @throws TokenizerFormatError if the merges differ from the implied ones
 */
export function scoredRangeOf({ merges, rankEnd }: RankedMerges, vocabulary: PieceTable): ScoredRange {
  const results = new Int32Array(rankEnd);
  merges.forEach((_left, _right, rank, result) => (results[rank] = result));
  const scored = { first: (vocabulary.idOf('<0xFF>') ?? -1) + 1, end: (results.at(-1) ?? -1) + 1 };
  const { count, triples } = impliedMerges(vocabulary, scored);
  let same = 0;
  while (same < count) {
    const [left, right, result] = triples.subarray(same * 3, same * 3 + 3);
    if (!merges.find(left!, right!) || merges.rank !== same || merges.result !== result) break;
    same++;
  }
  if (same < count || count !== rankEnd) {
    throw unsupported('merges', `merge ${same}`, 'the merges are not those that the order of the pieces implies.');
  }
  return scored;
}

export function isScoredRange(value: unknown): value is ScoredRange {
  return isJsonObject(value) && Number.isInteger(value['first']) && Number.isInteger(value['end']);
}

export function mergeTableOf({ count, triples }: MergeList): MergeTable {
  const table = new MergeTable(count);
  for (let rank = 0; rank < count; rank++) {
    table.set(triples[rank * 3]!, triples[rank * 3 + 1]!, rank, triples[rank * 3 + 2]!);
  }
  return table;
}

/** Splits of a piece into two pieces, longest left part first. */
class PieceCuts {
  private hashes = new Int32Array(256);
  private powers = new Int32Array(256);

  constructor(private readonly vocabulary: PieceTable) {}

  visit(id: number, onCut: (left: number, right: number) => void): void {
    const { units, starts, lengths } = this.vocabulary;
    const length = lengths[id]!;
    if (length < 2) return;
    if (length >= this.hashes.length) {
      this.hashes = new Int32Array(length * 2);
      this.powers = new Int32Array(length * 2);
    }
    const { hashes, powers } = this;
    const start = starts[id]!;
    powers[0] = 1;
    for (let at = 0; at < length; at++) {
      hashes[at + 1] = extendHash(hashes[at]!, units[start + at]!);
      powers[at + 1] = nextPower(powers[at]!);
    }
    for (let at = length - 1; at > 0; at--) {
      if ((units[start + at]! & 0xfc00) === 0xdc00) continue;
      const left = this.vocabulary.find(units, start, at, hashes[at]!);
      if (left === -1) continue;
      const hash = suffixHash(hashes[length]!, hashes[at]!, powers[length - at]!);
      const right = this.vocabulary.find(units, start + at, length - at, hash);
      if (right !== -1) onCut(left, right);
    }
  }
}

function codePoints({ units, starts, lengths }: PieceTable, id: number): number {
  let count = lengths[id]!;
  for (let at = starts[id]!; at < starts[id]! + lengths[id]!; at++) if ((units[at]! & 0xfc00) === 0xdc00) count--;
  return count;
}

function push(list: MergeList, left: number, right: number, result: number): void {
  if ((list.count + 1) * 3 > list.triples.length) {
    const larger = new Int32Array(list.triples.length * 2);
    larger.set(list.triples);
    list.triples = larger;
  }
  const at = list.count++ * 3;
  list.triples[at] = left;
  list.triples[at + 1] = right;
  list.triples[at + 2] = result;
}
