import { isJsonObject } from '../../json.ts';
import { malformed, unsupported } from '../format-error.ts';
import { modelType } from './check-features.ts';
import { booleanOf, stringOf, type JsonRecord } from './fields.ts';
import { MergeTable } from '../bpe/merge-table.ts';
import { PieceTable } from '../vocabulary.ts';

/** Larger than any vocabulary; ids are array indices. */
const MAX_ID = 1 << 22;

/** The options of a BPE model; `unknown` is the unknown token's piece. */
export function readModel(model: JsonRecord) {
  const type = modelType(model);
  if (type !== 'BPE') throw unsupported('model', JSON.stringify(type), 'only BPE models are encoded here.');
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[key] ?? '') !== '')
      throw unsupported('model', `"${key}"`, 'words with marks at their ends are not encoded here.');
  }
  if ((model['dropout'] ?? 0) !== 0) throw unsupported('model', '"dropout"', 'it makes other tokens each time.');
  return {
    byteFallback: booleanOf(model, 'byte_fallback', 'model'),
    fuseUnknown: booleanOf(model, 'fuse_unk', 'model'),
    ignoreMerges: booleanOf(model, 'ignore_merges', 'model'),
    unknown: (model['unk_token'] ?? undefined) === undefined ? undefined : stringOf(model, 'unk_token', 'model'),
  };
}

export function readVocabulary(json: unknown): PieceTable {
  if (!isJsonObject(json)) throw malformed('vocab', '"vocab"', 'has to be an object of pieces and ids.');
  const pieces: (string | undefined)[] = [];
  for (const piece in json) {
    const id = json[piece];
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw malformed('vocab', JSON.stringify(piece), 'has no usable id.');
    }
    while (pieces.length <= id) pieces.push(undefined);
    const other = pieces[id];
    if (other !== undefined)
      throw unsupported('vocab', JSON.stringify(piece), `it has id ${id}, as has ${JSON.stringify(other)}.`);
    pieces[id] = piece;
  }
  return PieceTable.of(pieces);
}

/** `rankEnd`: last rank plus 1. */
export interface RankedMerges {
  merges: MergeTable;
  rankEnd: number;
}

/**
 * Merges as pairs or as `"left right"`. The rank is the index in the list. `prefix` stands before pieces inside of a word, and
 * falls away where they are merged.
 */
export function readMerges(json: unknown, vocabulary: PieceTable, prefix = ''): RankedMerges {
  if (!Array.isArray(json)) throw malformed('merges', '"merges"', 'has to be a list.');
  const list = json as unknown[];
  const merges = new MergeTable(list.length);
  for (let rank = 0; rank < list.length; rank++) {
    const entry = list[rank];
    const pair: unknown[] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? entry : [];
    const [left, right] = pair;
    if (typeof left !== 'string' || typeof right !== 'string' || pair.length !== 2) {
      throw malformed('merges', `merge ${rank}`, 'is not a pair of pieces.');
    }
    const merged = left + right.slice(prefix.length);
    const [leftId, rightId, result] = [vocabulary.idOf(left), vocabulary.idOf(right), vocabulary.idOf(merged)];
    if (leftId === undefined || rightId === undefined || result === undefined) {
      const piece = leftId === undefined ? left : rightId === undefined ? right : merged;
      throw malformed(
        'merges',
        `merge ${rank}`,
        `needs the piece ${JSON.stringify(piece)}, which the vocabulary lacks.`,
      );
    }
    merges.set(leftId, rightId, rank, result);
  }
  return { merges, rankEnd: list.length };
}
