/** Which ONNX files a checkpoint becomes. */
import type { Gemma3Config } from './config.ts';
import { decoderGraph } from './decoder.ts';
import { embeddingGraph } from './embedding.ts';
import type { GraphFile, StoredWeight } from './stored.ts';
import { visionGraph } from './vision.ts';
import type { Dtype } from '../protocol/manifest.ts';

export interface GraphOptions {
  dtype: Dtype;
  visionDtype: Dtype;
  blockSize: number;
  /** Positions of the RoPE tables. */
  positions: number;
}

export interface PackageGraph extends GraphFile {
  dtype: Dtype;
}

/** Ends of file names, as transformers.js has them. */
export const DTYPE_SUFFIX: Record<Dtype, string> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  q4: '_q4',
  q2: '_q2',
};

/** Vision dtype where none is asked for: a public 4-bit export of this tower has features of cosine 0.967 to the original. */
export const VISION_DTYPE: Record<Dtype, Dtype> = { fp32: 'fp32', fp16: 'fp16', q8: 'q8', q4: 'q8', q2: 'q8' };

export function packageGraphs(config: Gemma3Config, options: GraphOptions): PackageGraph[] {
  const { dtype, visionDtype, blockSize, positions } = options;
  const precision = { dtype, blockSize };
  const decoder = (input: 'ids' | 'embeddings') => ({
    ...decoderGraph(config.text, { precision, positions, input }),
    dtype,
  });
  const { vision } = config;
  if (!vision) return [decoder('ids')];
  return [
    { ...embeddingGraph(config.text, precision), dtype },
    { ...visionGraph({ ...config, vision }, { dtype: visionDtype, blockSize }), dtype: visionDtype },
    decoder('embeddings'),
  ];
}

/** The table of embed_tokens.onnx is stored in the decoder too, in the same form. */
export function sharesEmbedding(graphs: readonly PackageGraph[]): boolean {
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
