/** Memory that the engine takes on a GPU to answer, by purpose, from the shape of a model. */
import type { Gemma3Config } from '../gemma3/config.ts';
import { named, product, quotient, sum, type Expression } from './expression.ts';
import { hasLocalRows, kvCacheFormula, localChunkTokens } from './kv-cache.ts';
import { textNames, textWeights, visionNames, visionWeights } from './model-weights.ts';
import { FLOAT_BYTES, isBlocks, type ModelStorage } from './storage.ts';

/** Largest chunk of prefill on a GPU (workers/engine/model/load.ts). */
export const prefillChunk = 640;
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
  const { storage, addedTokens, contextLength } = settings;
  const compute = FLOAT_BYTES[storage.compute];
  const { hidden, mlp, headDim, rows } = textNames(text, addedTokens);
  const longestChunk = Math.max(localChunkTokens, config.vision?.tokensPerImage ?? 0);
  const weights = textWeights(text, storage, 'gpu', addedTokens);
  // Cosines and sines of half the dimensions; those of local layers are part of the cache where it has local rows.
  const tables = hasLocalRows(text, contextLength, longestChunk) ? 1 : 2;
  const positions = product(tables, named('context', contextLength), headDim, compute);
  const chunk = named('chunk', Math.min(prefillChunk, contextLength));
  const exact = (purpose: InferencePurpose, bytes: Expression | undefined): PlannedFigure<InferencePurpose>[] =>
    bytes ? [{ purpose, bytes, how: 'exact' }] : [];
  return [
    ...exact('attention', weights.attention),
    ...exact('mlp', weights.mlp),
    ...exact('embedding', weights.embedding),
    ...exact('head', weights.head),
    ...exact('norms', sum(weights.norms, positions)),
    ...planImages(config, settings, chunk),
    ...exact('kv', kvCacheFormula(text, contextLength, compute, longestChunk)),
    // Residual and its norm; gate, up and their product.
    {
      purpose: 'scratch' as const,
      bytes: product(chunk, sum(product(2, hidden), product(3, mlp)), FLOAT_BYTES.fp32),
      how: 'estimate' as const,
    },
    // Of the last token, and a copy that the choice reads.
    { purpose: 'logits' as const, bytes: product(2, rows, FLOAT_BYTES.fp32), how: 'estimate' as const },
  ].sort((a, b) => INFERENCE_PURPOSES.indexOf(a.purpose) - INFERENCE_PURPOSES.indexOf(b.purpose));
}

/** What seeing images takes; nothing in a text model. */
function planImages(
  config: Gemma3Config,
  { storage, contextLength, images, hasVision, keepVisionOnGpu }: InferenceSettings,
  chunk: Expression,
): PlannedFigure<InferencePurpose>[] {
  const { vision, text } = config;
  if (!vision || !hasVision) return [];
  const weights = visionWeights(config, storage, 'gpu');
  const { width, inner, patches } = visionNames(vision, isBlocks(storage.formats.vision));
  const { hidden, heads } = textNames(text);
  const features = product(named('images', images), named('image_tokens', vision.tokensPerImage), hidden);
  // Residual, norm, queries, keys, values and attention; both sides of the MLP. Attention is fused: no matrix of scores.
  const encoder = product(patches, sum(product(6, width), product(2, inner)));
  // Scores, scores with mask, probabilities; a mask for local and one for global layers.
  const scores = product(chunk, named('context', contextLength), sum(product(3, heads), 2));
  return [
    keepVisionOnGpu
      ? { purpose: 'vision', bytes: weights, how: 'exact' }
      : { purpose: 'vision', bytes: quotient(weights, named('stages', VISION_STAGES)), how: 'estimate' },
    ...(images > 0
      ? [
          {
            purpose: 'images' as const,
            bytes: product(sum(features, encoder, scores), FLOAT_BYTES.fp32),
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
