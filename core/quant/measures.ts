/** Error and size of a quantized matrix. Sums use float64. */
import type { QuantizedMatrix } from './matrix.ts';

/** Error and size of quantized weights. */
export interface QuantMeasures {
  /** 10·log₁₀(Σw² / Σ(w − ŵ)²); Infinity if the error is 0. */
  snrDecibels: number;
  /** Cosine similarity of w and ŵ as vectors. */
  cosine: number;
  rootMeanSquareError: number;
  largestError: number;
  /** Bits of codes, scales and zero points divided by the number of weights. */
  bitsPerWeight: number;
  bytes: number;
}

/** @param quantized the result of `dequantize(matrix)` */
export function measure(original: Float32Array, quantized: Float32Array, matrix: QuantizedMatrix): QuantMeasures {
  if (original.length !== quantized.length || original.length !== matrix.rows * matrix.columns) {
    throw new RangeError(
      `${original.length} and ${quantized.length} weights for a matrix of ${matrix.rows} × ${matrix.columns}`,
    );
  }
  let originals = 0;
  let quantizeds = 0;
  let products = 0;
  let errors = 0;
  let largestSquare = 0;
  for (let i = 0; i < original.length; i++) {
    const a = original[i] ?? NaN;
    const b = quantized[i] ?? NaN;
    const error = a - b;
    const square = error * error;
    originals += a * a;
    quantizeds += b * b;
    products += a * b;
    errors += square;
    if (square > largestSquare) largestSquare = square;
  }
  const bytes = storedBytes(matrix);
  return {
    snrDecibels: errors === 0 ? Infinity : 10 * Math.log10(originals / errors),
    // √a · √b instead of √(a · b), which could overflow or underflow. For two zero matrices the cosine is defined as 1.
    cosine: originals === 0 && quantizeds === 0 ? 1 : products / (Math.sqrt(originals) * Math.sqrt(quantizeds) || 1),
    rootMeanSquareError: Math.sqrt(errors / original.length),
    largestError: Math.sqrt(largestSquare),
    bitsPerWeight: (bytes * 8) / original.length,
    bytes,
  };
}

/**
 * Bytes in a file: codes packed by `packCodes`, scales, and zero points packed by `packZeroPoints`. A shorter last block takes
 * the space of a whole one, as in MatMulNBits.
 */
export function storedBytes(matrix: QuantizedMatrix): number {
  if (matrix.type === 'halves') return matrix.rows * matrix.columns * 2;
  const { rows, columns, blockSize, bits, scaleType, zeroPoints } = matrix;
  const blocks = Math.ceil(columns / blockSize);
  const codeBytes = (blocks * blockSize * bits) / 8;
  const scaleBytes = blocks * (scaleType === 'fp16' ? 2 : 4);
  return rows * (codeBytes + scaleBytes + (zeroPoints ? Math.ceil((blocks * bits) / 8) : 0));
}
