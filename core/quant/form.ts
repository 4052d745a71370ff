/** Components of a quantized matrix, and the layout of its blocks. */
import { decodeFloats, encodeHalf } from '../safetensors/dtype.ts';
import type { CodeBits } from './pack.ts';
import type { QuantFormat } from './settings.ts';

/** Storage type of scales. With fp16, codes are computed from the rounded scale. */
export type ScaleType = 'fp32' | 'fp16';

export type BlockFormatName = Exclude<QuantFormat, 'fp16'>;

export const CODE_BITS: Readonly<Record<BlockFormatName, CodeBits>> = { q2: 2, q3: 3, q4: 4, nf4: 4, q8: 8 };

/** Quantization parameters of the blocks of a matrix. */
export interface BlockForm {
  format: BlockFormatName;
  /** True if each block has a zero point; never for nf4. */
  hasZeroPoints: boolean;
  /** Consecutive weights of a row that share a scale; the last block of a row may be shorter. */
  blockSize: number;
  scaleType: ScaleType;
}

/** Codes, scales and zero points of blocks: a weight is (code − zero point) · scale, or for nf4 level[code] · scale. */
export interface Blocks {
  /** [rows, columns], one code per byte. */
  codes: Uint8Array<ArrayBuffer>;
  /** [rows, blocks per row], rounded to the storage type. */
  scales: Float32Array<ArrayBuffer>;
  /** [rows, blocks per row]; undefined: 2^(bits−1) everywhere; nf4 has none. */
  zeroPoints: Uint8Array<ArrayBuffer> | undefined;
  /** Index of the first block whose scale is too large for fp16, or −1. */
  scaleOverflow: number;
}

/** @throws RangeError if the values are not whole rows */
export function checkRows(values: Float32Array, columns: number): void {
  if (!Number.isInteger(columns) || columns < 1) throw new RangeError(`a matrix cannot have ${columns} columns`);
  if (values.length % columns !== 0) throw new RangeError(`${values.length} values are not rows of ${columns}`);
}

/** Rounds each scale to the nearest fp16 in place. @returns index of the first overflow, or −1 */
export function roundToHalf(scales: Float32Array): number {
  const halves = new Uint16Array(scales.length);
  const overflow = encodeHalf(scales, halves);
  decodeFloats(new Uint8Array(halves.buffer), 'F16', scales);
  return overflow;
}
