/** Memory that the engine takes on a GPU to answer, by purpose, from the shape of a model. */
import type { Gemma3Config } from '../gemma3/config.ts';
import { named, product, quotient, sum, valueOf, type Expression } from './expression.ts';
import { hasLocalRows, kvCacheFormula, localChunkTokens } from './kv-cache.ts';
import { textNames, textWeights, visionNames, visionWeights } from './model-weights.ts';
import { decoderBuffers, encoderBuffers } from './runtime-buffers.ts';
import { FLOAT_BYTES, isBlocks, type ModelStorage } from './storage.ts';

/** Largest chunk of prefill on a GPU (workers/engine/model/load.ts). */
export const prefillChunk = 640;
/** The chunk that the warm-up runs on a GPU (workers/engine/model/warm-up.ts). */
const warmUpChunk = 64;
/** The vision encoder runs in so many parts; their weights can come one after the other. */
const VISION_STAGES = 9;

export interface InferenceSettings {
  storage: ModelStorage;
  addedTokens: number;
  /** Tokens of the KV cache. */
  contextLength: number;
  /** Images that a conversation holds. */
  images: number;
  /** False: the package's vision encoder is not loaded. */
  hasVision: boolean;
  /** False: its weights are on the GPU only while an image is read. */
  keepVisionOnGpu: boolean;
  /** False: the device has no subgroups, so scores of attention are written out. Absent: true. */
  isFused?: boolean;
}

export const INFERENCE_PURPOSES = [
  'attention',
  'mlp',
  'embedding',
  'head',
  'norms',
  'vision',
  'kv',
  'images',
  'scratch',
  'logits',
] as const;
export type InferencePurpose = (typeof INFERENCE_PURPOSES)[number];

export interface PlannedFigure<Purpose extends string> {
  purpose: Purpose;
  bytes: Expression;
  /** exact: what is allocated follows from the shape. estimate: the runtime decides, this is an upper bound of what it needs. */
  how: 'exact' | 'estimate';
}

/** A figure per purpose, in the order of `INFERENCE_PURPOSES`; what does not occur is left out. */
export function planInference(config: Gemma3Config, settings: InferenceSettings): PlannedFigure<InferencePurpose>[] {
  const { text } = config;
  const { storage, addedTokens, contextLength, hasVision, images, isFused = true } = settings;
  const compute = FLOAT_BYTES[storage.compute];
  const { hidden, heads, headDim, rows } = textNames(text, addedTokens);
  const longestChunk = Math.max(localChunkTokens, config.vision?.tokensPerImage ?? 0);
  const weights = textWeights(text, storage, 'gpu', addedTokens);
  // Cosines and sines of half the dimensions; those of local layers are part of the cache where it has local rows.
  const tables = hasLocalRows(text, contextLength, longestChunk) ? 1 : 2;
  const positions = product(tables, named('context', contextLength), headDim, compute);
  const chunkTokens = Math.min(prefillChunk, contextLength);
  const chunk = named('chunk', chunkTokens);
  const readsImages = config.vision !== undefined && hasVision;
  // Scores, scores with mask, probabilities; a mask for local and one for global layers.
  const scores = product(chunk, named('context', contextLength), sum(product(3, heads), 2), FLOAT_BYTES.fp32);
  const exact = (purpose: InferencePurpose, bytes: Expression | undefined): PlannedFigure<InferencePurpose>[] =>
    bytes ? [{ purpose, bytes, how: 'exact' }] : [];
  return [
    ...exact('attention', weights.attention),
    ...exact('mlp', weights.mlp),
    ...exact('embedding', weights.embedding),
    ...exact('head', weights.head),
    ...exact('norms', sum(weights.norms, positions)),
    ...planImages(config, settings),
    ...exact('kv', kvCacheFormula(text, contextLength, compute, longestChunk)),
    // Runs of the longest chunk and of the warm-up; what images are embedded in, and attention of a chunk that holds them.
    {
      purpose: 'scratch' as const,
      bytes: sum(
        decoderBuffers(text, chunkTokens, isFused ? undefined : contextLength),
        decoderBuffers(text, Math.min(warmUpChunk, contextLength), isFused ? undefined : warmUpChunk),
        readsImages ? product(named('longest_chunk', prefillChunk), hidden, FLOAT_BYTES.fp32) : 0,
        readsImages && images > 0 ? scores : 0,
      ),
      how: 'estimate' as const,
    },
    // Of the last token, and a copy that the choice reads.
    { purpose: 'logits' as const, bytes: product(2, rows, FLOAT_BYTES.fp32), how: 'estimate' as const },
  ].sort((a, b) => INFERENCE_PURPOSES.indexOf(a.purpose) - INFERENCE_PURPOSES.indexOf(b.purpose));
}

/** What seeing images takes; nothing in a text model. */
function planImages(
  config: Gemma3Config,
  { storage, images, hasVision, keepVisionOnGpu, isFused = true }: InferenceSettings,
): PlannedFigure<InferencePurpose>[] {
  const { vision, text } = config;
  if (!vision || !hasVision) return [];
  const weights = visionWeights(config, storage, 'gpu');
  const { inner } = visionNames(vision, isBlocks(storage.formats.vision));
  const { hidden } = textNames(text);
  const features = product(named('images', images), named('image_tokens', vision.tokensPerImage), hidden);
  return [
    keepVisionOnGpu
      ? { purpose: 'vision', bytes: weights, how: 'exact' }
      : { purpose: 'vision', bytes: quotient(weights, named('stages', VISION_STAGES)), how: 'estimate' },
    ...(images > 0
      ? [
          {
            purpose: 'images' as const,
            bytes: sum(product(features, FLOAT_BYTES.fp32), encoderBuffers(vision, valueOf(inner), isFused)),
            how: 'estimate' as const,
          },
        ]
      : []),
  ];
}

export function totalOf(figures: readonly PlannedFigure<string>[]): Expression {
  return sum(...figures.map(({ bytes }) => bytes));
}

/** Bytes of weights in the files of a package, each stored once: about what is downloaded. */
export function packageBytes(config: Gemma3Config, settings: InferenceSettings): Expression {
  const { attention, mlp, embedding, head, norms } = textWeights(
    config.text,
    settings.storage,
    'files',
    settings.addedTokens,
  );
  const vision = settings.hasVision ? [visionWeights(config, settings.storage, 'files')] : [];
  return sum(attention, mlp, embedding, ...(head ? [head] : []), norms, ...(config.vision ? vision : []));
}
