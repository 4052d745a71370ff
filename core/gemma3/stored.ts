import type { ModelProto } from '../onnx/onnx_pb.ts';
import type { BlockBits } from '../quant/blocks.ts';
import type { QuantMethod, QuantSettings } from '../quant/settings.ts';

/** ONNX `producer_name` of our files. */
export const producer = 'medgemma-ko-lab';

/** One ONNX file of a package without weight values: `weights` maps parameters to initializers. */
export interface GraphFile {
  /** transformers.js file name without dtype suffix. */
  name: 'decoder_model_merged' | 'vision_encoder' | 'embed_tokens' | 'model';
  model: ModelProto;
  weights: StoredWeight[];
  /** Parameters kept in full precision although the dtype is quantized. */
  unquantized: { parameter: string; reason: string }[];
}

/** Storage of one parameter of the checkpoint in a graph. `parameter` is a canonical name (parameters.ts). */
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
  /** Shape of the parameter, after the transform; the initializer is zero-padded beyond it. */
  parameterShape: number[];
  /** Absent: original values. */
  rounded?: RoundedBlocks;
}

/** Quantized and dequantized values stored as floats, for formats without a kernel in the runtime. */
export interface RoundedBlocks {
  settings: QuantSettings;
  /** Direction of the blocks in the checkpoint's tensor: along the columns of a row, or along the rows of a column. */
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
  /** Size of M in y = x · Mᵀ, M [rows, columns]. */
  rows: number;
  columns: number;
  /** Rows and columns of the parameter, after the transform; M is zero-padded beyond them. */
  parameterShape: number[];
  scaleType: FloatType;
  /** `transpose` if the checkpoint holds Mᵀ. */
  transform: 'none' | 'transpose';
}

export type FloatType = 'fp32' | 'fp16';
