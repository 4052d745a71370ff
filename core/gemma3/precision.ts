/** In which form each matrix of a model is stored. */
import type { Dtype } from './dtype.ts';
import type { ModelPart } from './parts.ts';
import type { BlockBits } from '../quant/blocks.ts';
import type { QuantFormat, QuantMethod, QuantSettings } from '../quant/settings.ts';
import { partOf } from './parts.ts';
import type { FloatType } from './stored.ts';

export interface Precision {
  /** What matrix products and attention compute in. */
  compute: FloatType;
  /** @param parameter canonical name of a matrix */
  formOf(parameter: string): MatrixForm;
}

export interface MatrixForm {
  /** Undefined: floats. Floats, too, where the columns are not whole blocks. */
  blocks: BlockChoice | undefined;
  /** Where it stands as floats: what these settings make of it. Undefined: as it is. */
  rounded: QuantSettings | undefined;
}

/** What com.microsoft.MatMulNBits can multiply by. */
export interface BlockChoice {
  bits: BlockBits;
  /** Elements that share a scale, along the inner dimension. */
  blockSize: number;
  symmetric: boolean;
  method: QuantMethod;
}

/** Formats that MatMulNBits and GatherBlockQuantized have kernels for, on the CPU and on WebGPU. */
const KERNEL_BITS: Partial<Record<QuantFormat, BlockBits>> = { q8: 8, q4: 4, q2: 2 };

/** Bits of a weight in the quantized dtypes. */
const DTYPE_BITS: Partial<Record<Dtype, BlockBits>> = { q8: 8, q4: 4, q2: 2 };

const AS_IT_IS: MatrixForm = { blocks: undefined, rounded: undefined };

/** All matrices alike and symmetric; what no block divides keeps its numbers. */
export function uniformPrecision(dtype: Dtype, blockSize: number, method: QuantMethod = 'round'): Precision {
  const bits = DTYPE_BITS[dtype];
  const form = bits === undefined ? AS_IT_IS : { ...AS_IT_IS, blocks: { bits, blockSize, symmetric: true, method } };
  return { compute: dtype === 'fp16' ? 'fp16' : 'fp32', formOf: () => form };
}

/**
 * Each part in its own settings, computed in float32. What has no kernel (3 bits, NF4, half precision, columns that are
 * not whole blocks) is stored as the float32 numbers that the settings make of it.
 */
export function precisionByPart(parts: Readonly<Record<ModelPart, QuantSettings>>): Precision {
  return {
    compute: 'fp32',
    formOf(parameter) {
      const part = partOf(parameter);
      if (part === undefined) return AS_IT_IS;
      const settings = parts[part];
      const { format, blockSize, symmetric, method } = settings;
      const bits = KERNEL_BITS[format];
      return { blocks: bits && { bits, blockSize, symmetric, method }, rounded: settings };
    },
  };
}
