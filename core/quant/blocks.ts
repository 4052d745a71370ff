/**
 * Symmetric block quantization in the layout of ONNX Runtime's MatMulNBits without zero points
 * (com.microsoft.MatMulNBits: B uint8 [N, K/block, block·bits/8], scales [N, K/block]).
 *
 * A block of consecutive weights of one row shares a scale; a weight is (code − zero point) · scale, the zero point
 * 2 for 2 bits, 8 for 4 and 128 for 8. The codes that share a byte lie in it from the lowest bits up.
 *
 * The scale is the weight of largest magnitude, with its sign, over −2^(bits−1), as MLAS (q4_dq.cpp) and ggml (q4_0)
 * choose it: the code range −8…7 is lopsided, and so the largest weight always falls on the longer side. At 2 bits that
 * leaves the largest weight, its half, zero, and its half with the other sign.
 */
import { decodeFloats, encodeHalf } from '../safetensors/dtype.ts';

export type BlockBits = 2 | 4 | 8;
export type ScaleType = 'fp32' | 'fp16';

export interface BlockFormat {
  bits: BlockBits;
  /** Weights that share a scale; MatMulNBits takes powers of two from 16. */
  blockSize: number;
  /** How scales are stored. With fp16 the codes are chosen for the rounded scale. */
  scaleType: ScaleType;
}

export interface QuantizedRows {
  /** [rows, columns/blockSize, blockSize·bits/8] */
  packed: Uint8Array;
  /** [rows, columns/blockSize]; already rounded where `scaleType` is fp16. */
  scales: Float32Array;
  /** Index of the first block whose scale is too large for fp16, or −1. */
  scaleOverflow: number;
}

/**
 * Quantizes whole rows; `values` is [rows, columns] row-major and must be finite.
 *
 * Error per weight x with stored scale s: at most |s|/2, except beyond the shorter side of the code range, where
 * x/s > 2^(bits−1) − 1 and the error is |x| − (2^(bits−1) − 1)·|s|, at most |s|. (With fp16 scales the rounding of
 * s can push the largest weight past either end by its own rounding error.)
 * @throws RangeError when columns are not a multiple of the block size, or values not of the columns.
 */
export function quantizeRows(values: Float32Array, columns: number, format: BlockFormat): QuantizedRows {
  const { bits, blockSize } = format;
  if (columns % blockSize !== 0) throw new RangeError(`${columns} columns are not a multiple of block ${blockSize}`);
  if (values.length % columns !== 0) throw new RangeError(`${values.length} values are not rows of ${columns}`);
  const zeroPoint = 2 ** (bits - 1);
  const scales = new Float32Array(values.length / blockSize);
  for (let block = 0; block < scales.length; block++) {
    let highest = 0;
    let lowest = 0;
    for (let i = block * blockSize; i < (block + 1) * blockSize; i++) {
      const value = values[i] ?? 0;
      if (value > highest) highest = value;
      else if (value < lowest) lowest = value;
    }
    const extreme = highest > -lowest ? highest : lowest;
    scales[block] = extreme === 0 ? 0 : extreme / -zeroPoint;
  }
  const scaleOverflow = format.scaleType === 'fp16' ? roundToHalf(scales) : -1;

  const packed = new Uint8Array((values.length * bits) / 8);
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block] ?? 0;
    // A scale that is zero, in fp32 or once rounded, stands for a block of zeros: every code is the zero point.
    const inverse = scale === 0 ? 0 : 1 / scale;
    const start = block * blockSize;
    const end = start + blockSize;
    if (bits === 8) {
      for (let i = start; i < end; i++) packed[i] = codeOf(values[i] ?? 0, inverse, zeroPoint);
    } else if (bits === 4) {
      for (let i = start; i < end; i += 2) {
        const low = codeOf(values[i] ?? 0, inverse, zeroPoint);
        packed[i >> 1] = low | (codeOf(values[i + 1] ?? 0, inverse, zeroPoint) << 4);
      }
    } else {
      for (let i = start; i < end; i++) {
        packed[i >> 2] = (packed[i >> 2] ?? 0) | (codeOf(values[i] ?? 0, inverse, zeroPoint) << ((i & 3) * 2));
      }
    }
  }
  return { packed, scales, scaleOverflow };
}

/** The nearest code; `| 0` rounds down what is positive, and what is negative becomes 0 anyway. */
function codeOf(value: number, inverseScale: number, zeroPoint: number): number {
  const code = (value * inverseScale + zeroPoint + 0.5) | 0;
  const top = 2 * zeroPoint - 1;
  return code < 0 ? 0 : code > top ? top : code;
}

/** The weights that `packed` and `scales` stand for, [rows, columns] flattened. */
export function dequantizeRows(
  packed: Uint8Array,
  scales: Float32Array,
  format: Pick<BlockFormat, 'bits' | 'blockSize'>,
): Float32Array {
  const { bits, blockSize } = format;
  const count = scales.length * blockSize;
  if (packed.length * 8 !== count * bits) throw new RangeError(`${packed.length} bytes do not hold ${count} codes`);
  const zeroPoint = 2 ** (bits - 1);
  const mask = 2 ** bits - 1;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const bit = i * bits;
    const code = ((packed[Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & mask;
    values[i] = (code - zeroPoint) * (scales[Math.floor(i / blockSize)] ?? 0);
  }
  return values;
}

/** Rounds each scale to the nearest fp16, in place; index of the first that overflows, or −1. */
function roundToHalf(scales: Float32Array): number {
  const halves = new Uint16Array(scales.length);
  const overflow = encodeHalf(scales, halves);
  decodeFloats(new Uint8Array(halves.buffer), 'F16', scales);
  return overflow;
}
