import type { ModelProto } from '../onnx/onnx_pb.ts';
import type { BlockBits } from '../quant/blocks.ts';

/** ONNX `producer_name` of our files. */
export const producer = 'medgemma-ko-lab';

/** One ONNX file of a package, without the numbers: `weights` says which parameter goes into which initializer. */
export interface GraphFile {
  /** File name without dtype suffix, as transformers.js expects it. */
  name: 'decoder_model_merged' | 'vision_encoder' | 'embed_tokens' | 'model';
  model: ModelProto;
  weights: StoredWeight[];
  /** Parameters that keep full precision although the dtype is quantized. */
  unquantized: { parameter: string; reason: string }[];
}

/** How one parameter of the checkpoint stands in a graph. `parameter` is a canonical name (parameters.ts). */
export type StoredWeight = StoredFloat | StoredBlocks;

export interface StoredFloat {
  store: 'float';
  parameter: string;
  initializer: string;
  type: FloatType;
  /** `transpose` swaps the two axes; `plus-one` adds 1 (Gemma's RMSNorm multiplies by 1 + w). */
  transform: 'none' | 'transpose' | 'plus-one';
  /** Shape of the initializer, after the transform. */
  shape: number[];
  /** Shape of the parameter, after the transform; what the initializer has beyond it are zeros. */
  parameterShape: number[];
}

/** Symmetric block quantization in the layout of com.microsoft.MatMulNBits. */
export interface StoredBlocks {
  store: 'blocks';
  parameter: string;
  /** uint8 [rows, columns / blockSize, blockSize * bits / 8] */
  packed: string;
  /** [rows, columns / blockSize] */
  scales: string;
  bits: BlockBits;
  blockSize: number;
  /** Of the matrix as it multiplies: y = x · Mᵀ, M [rows, columns]. */
  rows: number;
  columns: number;
  /** Rows and columns of the parameter, after the transform; what M has beyond them are zeros. */
  parameterShape: number[];
  scaleType: FloatType;
  /** `transpose` where the checkpoint holds Mᵀ. */
  transform: 'none' | 'transpose';
}

export type FloatType = 'fp32' | 'fp16';
