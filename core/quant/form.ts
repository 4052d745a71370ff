/** What a quantized matrix is made of, and the layout of its blocks. */
import { decodeFloats, encodeHalf } from '../safetensors/dtype.ts';
import type { CodeBits } from './pack.ts';
import type { QuantFormat } from './settings.ts';

/** How scales are stored. With fp16 the codes are chosen for the rounded scale. */
export type ScaleType = 'fp32' | 'fp16';

export type BlockFormatName = Exclude<QuantFormat, 'fp16'>;

export const CODE_BITS: Readonly<Record<BlockFormatName, CodeBits>> = { q2: 2, q3: 3, q4: 4, nf4: 4, q8: 8 };

/** How the blocks of a matrix are to be quantized. */
export interface BlockForm {
  format: BlockFormatName;
  /** A zero point for each block; never of nf4. */
  hasZeroPoints: boolean;
  /** Weights of one row that share a scale; what is left over at the end of a row is a shorter block. */
  blockSize: number;
  scaleType: ScaleType;
}

/** Codes, scales and zero points of blocks: a weight is (code − zero point) · scale, or of nf4 level[code] · scale. */
export interface Blocks {
  /** [rows, columns], one a byte. */
  codes: Uint8Array<ArrayBuffer>;
  /** [rows, blocks of a row], rounded as they are stored. */
  scales: Float32Array<ArrayBuffer>;
  /** [rows, blocks of a row]; undefined: 2^(bits−1) everywhere, and of nf4 none. */
  zeroPoints: Uint8Array<ArrayBuffer> | undefined;
  /** Index of the first block whose scale is too large for fp16, or −1. */
  scaleOverflow: number;
}

/** @throws RangeError when the values are not whole rows */
export function checkRows(values: Float32Array, columns: number): void {
  if (!Number.isInteger(columns) || columns < 1) throw new RangeError(`a matrix cannot have ${columns} columns`);
  if (values.length % columns !== 0) throw new RangeError(`${values.length} values are not rows of ${columns}`);
}

/** Rounds each scale to the nearest fp16, in place; index of the first that overflows, or −1. */
export function roundToHalf(scales: Float32Array): number {
  const halves = new Uint16Array(scales.length);
  const overflow = encodeHalf(scales, halves);
  decodeFloats(new Uint8Array(halves.buffer), 'F16', scales);
  return overflow;
}
