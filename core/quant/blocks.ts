/**
 * Block quantization in the layout of ONNX Runtime's MatMulNBits
 * (com.microsoft.MatMulNBits: B uint8 [N, K/block, block·bits/8], scales [N, K/block]).
 *
 * A block of consecutive weights of one row shares a scale; a weight is (code − zero point) · scale, with a
 * zero point of 2 for 2 bits, 8 for 4 and 128 for 8 unless each block has its own. Codes are packed into bytes from the
 * lowest bits up.
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
  /** Each block has a zero point. Default: false. */
  hasZeroPoints?: boolean;
}

export interface QuantizedRows {
  /** [rows, columns/blockSize, blockSize·bits/8] */
  packed: Uint8Array<ArrayBuffer>;
  /** [rows, columns/blockSize]; already rounded if `scaleType` is fp16. */
  scales: Float32Array<ArrayBuffer>;
  /** [rows, columns/blockSize], one a byte; undefined: 2^(bits−1) everywhere. */
  zeroPoints: Uint8Array<ArrayBuffer> | undefined;
  /** Index of the first block whose scale is too large for fp16, or −1. */
  scaleOverflow: number;
}

/** `quantizeRows`, here or on another thread; `values` is given away. */
export type QuantizeRows = (
  values: Float32Array,
  columns: number,
  format: BlockFormat,
  method: QuantMethod,
) => QuantizedRows | Promise<QuantizedRows>;

const FORMATS = { 2: 'q2', 4: 'q4', 8: 'q8' } as const;

/**
 * Quantizes whole rows; `values` is [rows, columns] row-major and must be finite.
 *
 * Error per weight x with stored scale s, without zero points: at most |s|/2, except beyond the shorter side of the code range, where
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
  const { bits, blockSize, scaleType, hasZeroPoints = false } = format;
  if (columns % blockSize !== 0) throw new RangeError(`${columns} columns are not a multiple of block ${blockSize}`);
  const form = { format: FORMATS[bits], hasZeroPoints, blockSize, scaleType };
  const { codes, scales, zeroPoints, scaleOverflow } = quantizeBlocks(values, columns, form, method);
  return { packed: packCodes(codes, bits), scales, zeroPoints, scaleOverflow };
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
