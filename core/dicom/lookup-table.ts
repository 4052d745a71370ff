import { ImageError } from '../image/image-error.ts';
import type { DataSet } from './data-set.ts';

/** A table that maps a value to another one (PS3.3, C.11.1.1.1). */
export interface LookupTable {
  /** The value of the first entry; smaller ones have it too, and larger ones than the last have the last. */
  first: number;
  /** Bits of an entry: 8 or 16. */
  bits: number;
  entries: Uint16Array;
}

/** @param signed whether the values that are looked up are signed */
export function readLut(dataSet: DataSet, descriptor: number, data: number, signed: boolean): LookupTable {
  const [count, unsignedFirst = 0, bits = 16] = dataSet.numbers(descriptor, 'US');
  if (count === undefined) throw new ImageError('the size of its lookup table is missing');
  const first = signed ? (dataSet.numbers(descriptor, 'SS')[1] ?? 0) : unsignedFirst;
  const length = count === 0 ? 0x10000 : count;
  const bytes = dataSet.bytes(data);
  // Entries of 8 bits are stored in bytes or in words.
  const isBytes = bits <= 8 && bytes.length < length * 2;
  const entries = isBytes ? Uint16Array.from(bytes) : Uint16Array.from(dataSet.numbers(data, 'US'));
  if (entries.length < length) throw new ImageError('its lookup table is cut off');
  return { first, bits, entries: entries.subarray(0, length) };
}

export function lookUp({ first, entries }: LookupTable, value: number): number {
  const at = Math.min(entries.length - 1, Math.max(0, value - first));
  return entries[at]!;
}
