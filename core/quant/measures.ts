/** How far a quantized matrix is from the original, and what it takes. Sums are float64. */
import type { QuantizedMatrix } from './matrix.ts';

/** How far quantized weights are from the original, and what they take. */
export interface QuantMeasures {
  /** 10·log₁₀(Σw² / Σ(w − ŵ)²); Infinity without error. */
  snrDecibels: number;
  /** Of w and ŵ as vectors. */
  cosine: number;
  rootMeanSquareError: number;
  largestError: number;
  /** Codes, scales and zero points, over the number of weights. */
  bitsPerWeight: number;
  bytes: number;
}

/** @param quantized what `dequantize` makes of `matrix` */
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
    // A product of two sums could be too large or too small for a float64; of a matrix of zeros there is no angle.
    cosine: originals === 0 && quantizeds === 0 ? 1 : products / (Math.sqrt(originals) * Math.sqrt(quantizeds) || 1),
    rootMeanSquareError: Math.sqrt(errors / original.length),
    largestError: Math.sqrt(largestSquare),
    bitsPerWeight: (bytes * 8) / original.length,
    bytes,
  };
}

/**
 * Bytes of the file: codes as `packCodes` packs them, scales, and zero points as `packZeroPoints` does. A shorter last block
 * takes the place of a whole one, as MatMulNBits has it.
 */
export function storedBytes(matrix: QuantizedMatrix): number {
  if (matrix.type === 'halves') return matrix.rows * matrix.columns * 2;
  const { rows, columns, blockSize, bits, scaleType, zeroPoints } = matrix;
  const blocks = Math.ceil(columns / blockSize);
  const codeBytes = (blocks * blockSize * bits) / 8;
  const scaleBytes = blocks * (scaleType === 'fp16' ? 2 : 4);
  return rows * (codeBytes + scaleBytes + (zeroPoints ? Math.ceil((blocks * bits) / 8) : 0));
}
