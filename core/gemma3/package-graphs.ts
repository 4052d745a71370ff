/** The ONNX files that are exported from a checkpoint. */
import type { Dtype } from './dtype.ts';
import type { QuantMethod } from '../quant/settings.ts';
import type { Gemma3Config } from './config.ts';
import { decoderGraph } from './decoder.ts';
import { embeddingGraph } from './embedding.ts';
import { uniformPrecision, type Precision } from './precision.ts';
import type { GraphFile, StoredWeight } from './stored.ts';
import { visionGraph } from './vision.ts';

export interface GraphOptions {
  dtype: Dtype;
  visionDtype: Dtype;
  blockSize: number;
  /** Quantization method. Default: round. */
  method?: QuantMethod;
  /** Positions of the RoPE tables. */
  positions: number;
}

export interface PackageGraph extends GraphFile {
  dtype: Dtype;
}

/** File name suffixes of transformers.js. */
export const DTYPE_SUFFIX: Record<Dtype, string> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  q4: '_q4',
  q2: '_q2',
};

/**
 * Default vision dtype. Not below 8 bits: in a public 4-bit export of this tower, the features have a cosine similarity of only
 * 0.967 to the original.
 */
export const VISION_DTYPE: Record<Dtype, Dtype> = { fp32: 'fp32', fp16: 'fp16', q8: 'q8', q4: 'q8', q2: 'q8' };

/** The graphs with one precision for text and one for images. */
export function packageGraphs(config: Gemma3Config, options: GraphOptions): PackageGraph[] {
  const { dtype, visionDtype, blockSize, method, positions } = options;
  const text = uniformPrecision(dtype, blockSize, method);
  const vision = uniformPrecision(visionDtype, blockSize, method);
  return graphsOf(config, { text, vision, positions }).map((graph) => ({
    ...graph,
    dtype: graph.name === 'vision_encoder' ? visionDtype : dtype,
  }));
}

/** The graphs with a precision per matrix. */
export function graphsOf(
  config: Gemma3Config,
  options: { text: Precision; vision: Precision; positions: number },
): GraphFile[] {
  const { text, positions } = options;
  const { vision } = config;
  if (!vision) return [decoderGraph(config.text, { precision: text, positions, input: 'ids' })];
  return [
    embeddingGraph(config.text, text),
    visionGraph({ ...config, vision }, options.vision),
    decoderGraph(config.text, { precision: text, positions, input: 'embeddings' }),
  ];
}

/** True if the decoder stores the table of embed_tokens.onnx in the same format. */
export function sharesEmbedding(graphs: readonly GraphFile[]): boolean {
  const tables = graphs.find(({ name }) => name === 'embed_tokens')?.weights ?? [];
  const decoder = graphs.find(({ name }) => name === 'decoder_model_merged')?.weights ?? [];
  return tables.length > 0 && tables.every((table) => decoder.some((weight) => sameBytes(table, weight)));
}

function sameBytes(a: StoredWeight, b: StoredWeight): boolean {
  if (a.parameter !== b.parameter || a.transform !== b.transform) return false;
  if (a.store === 'float' || b.store === 'float')
    return a.store === 'float' && b.store === 'float' && a.type === b.type;
  return a.bits === b.bits && a.blockSize === b.blockSize && a.scaleType === b.scaleType;
}
