/** The ONNX files that are exported from a checkpoint. */
import type { Dtype } from './dtype.ts';
import type { QuantMethod } from '../quant/settings.ts';
import type { Gemma3Config } from './config.ts';
import { decoderGraph } from './decoder.ts';
import { embeddingGraph } from './embedding.ts';
import { uniformPrecision, type Precision } from './precision.ts';
import type { FloatType, GraphFile, StoredWeight } from './stored.ts';
import { visionGraph } from './vision.ts';

export interface GraphOptions {
  dtype: Dtype;
  visionDtype: Dtype;
  blockSize: number;
  /** Quantization method. Default: round. */
  method?: QuantMethod;
  /** Type of the scales of blocks. Default: fp16, which costs nothing that was seen (docs/decisions/0014-half-precision.md). */
  scales?: FloatType;
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
  q4f16: '_q4f16',
  q2: '_q2',
};

/**
 * Default vision dtype. Not below 8 bits: in a public 4-bit export of this tower, the features have a cosine similarity of only
 * 0.967 to the original.
 */
export const VISION_DTYPE: Record<Dtype, Dtype> = {
  fp32: 'fp32',
  fp16: 'fp16',
  q8: 'q8',
  q4: 'q8',
  q4f16: 'q8',
  q2: 'q8',
};

/** Default method: search where a gain was measured (docs/decisions/0008-quantization.md). */
export const DEFAULT_METHOD: Record<Dtype, QuantMethod> = {
  q4: 'search',
  q4f16: 'search',
  q2: 'search',
  q8: 'round',
  fp16: 'round',
  fp32: 'round',
};

/**
 * The text graphs that an export writes. q4f16 comes with q4 for devices without float16, over the same stored weights; the
 * first is what a caller gets who names none.
 */
export const TEXT_DTYPES: Record<Dtype, readonly Dtype[]> = {
  fp32: ['fp32'],
  fp16: ['fp16'],
  q8: ['q8'],
  q4: ['q4'],
  q4f16: ['q4', 'q4f16'],
  q2: ['q2'],
};

/** The graphs with one precision for images and those of `TEXT_DTYPES` for text. */
export function packageGraphs(config: Gemma3Config, options: GraphOptions): PackageGraph[] {
  const { dtype, visionDtype, blockSize, method, scales, positions } = options;
  const vision = uniformPrecision(visionDtype, blockSize, method, scales);
  return TEXT_DTYPES[dtype].flatMap((textDtype, variant) => {
    const text = uniformPrecision(textDtype, blockSize, method, scales);
    return graphsOf(config, { text, vision, positions })
      .filter(({ name }) => variant === 0 || name !== 'vision_encoder')
      .map((graph) => ({ ...graph, dtype: graph.name === 'vision_encoder' ? visionDtype : textDtype }));
  });
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

/** True if both are stored as the same bytes. */
export function sameBytes(a: StoredWeight, b: StoredWeight): boolean {
  return storage(a) === storage(b);
}

/** What decides the bytes: everything but the names of the initializers. */
function storage(weight: StoredWeight): string {
  if (weight.store === 'float') {
    const { parameter, type, transform, shape, rounded } = weight;
    return JSON.stringify(['float', parameter, type, transform, shape, rounded]);
  }
  const { parameter, transform, rows, columns, bits, blockSize, scaleType, method = 'round', zeroPoints } = weight;
  const hasZeroPoints = zeroPoints !== undefined;
  return JSON.stringify([parameter, transform, rows, columns, bits, blockSize, scaleType, method, hasZeroPoints]);
}
