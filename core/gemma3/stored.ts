import type { ModelProto } from '../onnx/onnx_pb.ts';
import type { BlockBits } from '../quant/blocks.ts';
import type { QuantMethod, QuantSettings } from '../quant/settings.ts';

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
  /** Absent: the numbers as they are. */
  rounded?: RoundedBlocks;
}

/** Floats that hold what settings make of a matrix, for a runtime that has no kernel for them. */
export interface RoundedBlocks {
  settings: QuantSettings;
  /** Whether a block runs over columns of one row of the checkpoint's tensor, or over rows of one column. */
  blocksAlong: 'columns' | 'rows';
}

/** Block quantization in the layout of com.microsoft.MatMulNBits. */
export interface StoredBlocks {
  store: 'blocks';
  parameter: string;
  /** uint8 [rows, columns / blockSize, blockSize * bits / 8] */
  packed: string;
  /** [rows, columns / blockSize] */
  scales: string;
  /** uint8 [rows, ⌈columns / blockSize · bits / 8⌉]; absent: every zero point is 2^(bits−1). */
  zeroPoints?: string;
  bits: BlockBits;
  blockSize: number;
  /** Absent: round. */
  method?: QuantMethod;
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
