import type { BpeModelParts } from './model.ts';
import { Joins } from './joins.ts';
import type { MergeTable } from './merge-table.ts';
import type { PieceTable } from '../vocabulary.ts';

export interface BpeOptions {
  byteFallback: boolean;
  unknown: number | undefined;
  fuseUnknown: boolean;
  ignoreMerges: boolean;
}

/** Builds the encoder's lookup tables from the vocabulary and its merges. */
export function bpeParts(vocabulary: PieceTable, merges: MergeTable, options: BpeOptions): BpeModelParts {
  const { byteFallback, ...rest } = options;
  const bytes = byteFallback ? byteIds(vocabulary) : undefined;
  const made = new Uint8Array(vocabulary.size);
  const fallback = new Uint8Array(vocabulary.size);
  for (const id of [...(bytes ?? []), rest.unknown ?? -1]) if (id >= 0) fallback[id] = 1;
  // If byte tokens are missing, a character may be unknown: fused with its neighbours, or dropped.
  let cutKnownOnly = !bytes || bytes.includes(-1);
  merges.forEach((left, right, _rank, result) => {
    made[result] = 1;
    if (fallback[left] === 1 || fallback[right] === 1) cutKnownOnly = true;
  });
  const joins = Joins.empty();
  const characters = new Int32Array(0x10000).fill(-1);
  for (let id = 0; id < vocabulary.size; id++) {
    const length = vocabulary.lengths[id]!;
    if (made[id] === 1) joins.addPiece(vocabulary.units, vocabulary.starts[id]!, length);
    if (length === 1) characters[vocabulary.units[vocabulary.starts[id]!]!] = id;
  }
  return { ...rest, vocabulary, merges, joins, characters, bytes, cutKnownOnly };
}

/** Ids of `<0x00>`…`<0xFF>`, −1 if missing. */
export function byteIds(vocabulary: PieceTable): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const digits = byte.toString(16).toUpperCase().padStart(2, '0');
    return vocabulary.idOf(`<0x${digits}>`) ?? -1;
  });
}
