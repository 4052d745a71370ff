/** Size of a model's weights in their quantization formats, independent of how the runtime stores them. */
import { CODE_BITS } from '../quant/form.ts';
import type { QuantSettings } from '../quant/settings.ts';
import type { FloatType, GraphFile, StoredWeight } from './stored.ts';

export interface WeightSize {
  bytes: number;
  /** Number of parameters; a matrix in two graphs is counted once. */
  weights: number;
}

export function weightSize(graphs: readonly GraphFile[]): WeightSize {
  const stored = new Map(graphs.flatMap(({ weights }) => weights.map((weight) => [weight.parameter, weight])));
  let bytes = 0;
  let weights = 0;
  for (const weight of stored.values()) {
    bytes += bytesOf(weight);
    weights += product(weight.parameterShape);
  }
  return { bytes, weights };
}

function bytesOf(weight: StoredWeight): number {
  if (weight.store === 'blocks') {
    const { bits, blockSize, scaleType, zeroPoints, parameterShape } = weight;
    const hasZeroPoints = zeroPoints !== undefined;
    // Padding within blocks is stored and counts; padding rows do not.
    return matrixBytes({ bits, blockSize, scaleType, hasZeroPoints }, [parameterShape[0] ?? 1, weight.columns]);
  }
  const { rounded, type, transform, parameterShape } = weight;
  if (!rounded) return product(parameterShape) * (type === 'fp16' ? 2 : 4);
  // The matrix whose rows hold the blocks: of a transposed initializer, the columns are its rows.
  const [first = 1, second = 1] = parameterShape;
  const along = (rounded.blocksAlong === 'columns') === (transform === 'transpose') ? first : second;
  const across = (first * second) / along;
  const { settings } = rounded;
  return settings.format === 'fp16' ? first * second * 2 : matrixBytes(formOf(settings), [across, along]);
}

interface Form {
  bits: number;
  blockSize: number;
  scaleType: FloatType;
  hasZeroPoints: boolean;
}

function formOf({ format, blockSize, symmetric }: QuantSettings): Form {
  if (format === 'fp16') throw new TypeError('fp16 has no blocks');
  return { bits: CODE_BITS[format], blockSize, scaleType: 'fp16', hasZeroPoints: format !== 'nf4' && !symmetric };
}

/** Codes of whole blocks, a scale per block, and zero points; each row of zero points begins at a whole byte. */
function matrixBytes(form: Form, [rows, columns]: readonly [number, number]): number {
  const { bits, blockSize, scaleType, hasZeroPoints } = form;
  const blocks = Math.ceil(columns / blockSize);
  const scaleBytes = blocks * (scaleType === 'fp16' ? 2 : 4);
  return rows * ((blocks * blockSize * bits) / 8 + scaleBytes + (hasZeroPoints ? Math.ceil((blocks * bits) / 8) : 0));
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}
