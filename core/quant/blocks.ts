/**
 * Symmetric block quantization in the layout of ONNX Runtime's MatMulNBits without zero points
 * (com.microsoft.MatMulNBits: B uint8 [N, K/block, block·bits/8], scales [N, K/block]).
 *
 * A block of consecutive weights of one row shares a scale; a weight is (code − zero point) · scale, with a
 * zero point of 2 for 2 bits, 8 for 4 and 128 for 8. Codes are packed into bytes from the lowest bits up.
 */
import type { ScaleType } from './form.ts';
import { quantizeBlocks } from './matrix.ts';
import { packCodes, unpackCodes } from './pack.ts';
import type { QuantMethod } from './settings.ts';

export type BlockBits = 2 | 4 | 8;

export interface BlockFormat {
  bits: BlockBits;
  /** Weights that share a scale; MatMulNBits takes powers of two from 16. */
  blockSize: number;
  /** Storage type of scales. With fp16, codes are computed from the rounded scale. */
  scaleType: ScaleType;
}

export interface QuantizedRows {
  /** [rows, columns/blockSize, blockSize·bits/8] */
  packed: Uint8Array<ArrayBuffer>;
  /** [rows, columns/blockSize]; already rounded if `scaleType` is fp16. */
  scales: Float32Array<ArrayBuffer>;
  /** Index of the first block whose scale is too large for fp16, or −1. */
  scaleOverflow: number;
}

const FORMATS = { 2: 'q2', 4: 'q4', 8: 'q8' } as const;

/**
 * Quantizes whole rows; `values` is [rows, columns] row-major and must be finite.
 *
 * Error per weight x with stored scale s: at most |s|/2, except beyond the shorter side of the code range, where
 * x/s > 2^(bits−1) − 1 and the error is |x| − (2^(bits−1) − 1)·|s|, with the method `round` at most |s|. (With fp16 scales,
 * the rounding error of s may add to the error of the largest weight.)
 * @throws RangeError if columns are not a multiple of the block size, or values not a multiple of columns
 */
export function quantizeRows(
  values: Float32Array,
  columns: number,
  format: BlockFormat,
  method: QuantMethod = 'round',
): QuantizedRows {
  const { bits, blockSize, scaleType } = format;
  if (columns % blockSize !== 0) throw new RangeError(`${columns} columns are not a multiple of block ${blockSize}`);
  const form = { format: FORMATS[bits], hasZeroPoints: false, blockSize, scaleType };
  const { codes, scales, scaleOverflow } = quantizeBlocks(values, columns, form, method);
  return { packed: packCodes(codes, bits), scales, scaleOverflow };
}

/** Dequantized weights, [rows, columns] flattened. */
export function dequantizeRows(
  packed: Uint8Array,
  scales: Float32Array,
  { bits, blockSize }: Pick<BlockFormat, 'bits' | 'blockSize'>,
): Float32Array {
  const values = new Float32Array(scales.length * blockSize);
  const codes = unpackCodes(packed, bits, values.length);
  const zeroPoint = 2 ** (bits - 1);
  for (let i = 0; i < values.length; i++)
    values[i] = ((codes[i] ?? 0) - zeroPoint) * (scales[Math.floor(i / blockSize)] ?? 0);
  return values;
}
