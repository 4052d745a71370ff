/** Storage format of each matrix of a model. */
import type { Dtype } from './dtype.ts';
import type { ModelPart } from './parts.ts';
import type { BlockBits } from '../quant/blocks.ts';
import type { QuantFormat, QuantMethod, QuantSettings } from '../quant/settings.ts';
import { partOf } from './parts.ts';
import type { FloatType } from './stored.ts';

export interface Precision {
  /** Type of matrix products and attention. */
  compute: FloatType;
  /** Stored type of the scales of blocks. */
  scales: FloatType;
  /** Stored type of position tables and of matrices without blocks. */
  floats: FloatType;
  /** @param parameter canonical name of a matrix */
  formOf(parameter: string): MatrixForm;
}

export interface MatrixForm {
  /** Undefined: floats. Also stored as floats if the columns are not whole blocks. */
  blocks: BlockChoice | undefined;
  /** For matrices stored as floats: quantize and dequantize with these settings. Undefined: original values. */
  rounded: QuantSettings | undefined;
}

/** Block formats of com.microsoft.MatMulNBits. */
export interface BlockChoice {
  bits: BlockBits;
  /** Elements that share a scale, along the inner dimension. */
  blockSize: number;
  symmetric: boolean;
  method: QuantMethod;
}

/** Formats with kernels in MatMulNBits and GatherBlockQuantized, on the CPU and on WebGPU. */
const KERNEL_BITS: Partial<Record<QuantFormat, BlockBits>> = { q8: 8, q4: 4, q2: 2 };

/** Bits per weight of the quantized dtypes. */
const DTYPE_BITS: Partial<Record<Dtype, BlockBits>> = { q8: 8, q4: 4, q4f16: 4, q2: 2 };

const AS_IT_IS: MatrixForm = { blocks: undefined, rounded: undefined };

/**
 * The same symmetric quantization for all matrices; those whose columns are not whole blocks are not quantized. `q4f16` stores
 * what `q4` stores, and computes in fp16.
 */
export function uniformPrecision(
  dtype: Dtype,
  blockSize: number,
  method: QuantMethod = 'round',
  scales: FloatType = 'fp16',
): Precision {
  const bits = DTYPE_BITS[dtype];
  const form = bits === undefined ? AS_IT_IS : { ...AS_IT_IS, blocks: { bits, blockSize, symmetric: true, method } };
  return {
    compute: dtype === 'fp16' || dtype === 'q4f16' ? 'fp16' : 'fp32',
    scales,
    floats: dtype === 'fp16' ? 'fp16' : 'fp32',
    formOf: () => form,
  };
}

/**
 * Settings per part; computes in float32. Formats without a kernel (3 bits, NF4, half precision, columns that are not whole
 * blocks) are stored as float32 values after quantization and dequantization.
 */
export function precisionByPart(parts: Readonly<Record<ModelPart, QuantSettings>>): Precision {
  return {
    compute: 'fp32',
    scales: 'fp16',
    floats: 'fp32',
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
