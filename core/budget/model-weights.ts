/**
 * Bytes of a model's weights from its shape: in the files of a package, and on the GPU as the engine holds them. On the GPU a
 * scale is as wide as what it is multiplied with (docs/decisions/0014-half-precision.md), so both can differ.
 */
import type { Gemma3Config, TextConfig, VisionConfig } from '../gemma3/config.ts';
import { named, product, sum, valueOf, type Expression } from './expression.ts';
import { BLOCK, FLOAT_BYTES, isBlocks, matrixBytes, type ModelStorage } from './storage.ts';

/** Where the bytes are counted. */
export type Place = 'files' | 'gpu';

export interface TextWeights {
  attention: Expression;
  mlp: Expression;
  /** The table of the embedding, which is the output head too where they are tied. */
  embedding: Expression;
  /** A separate output head; absent where tied. */
  head: Expression | undefined;
  norms: Expression;
}

/**
 * Gemma 3 has 262,145 ids, the last of them for images. Tables of 262,208 rows have padding behind it, which new tokens use first;
 * the text models have one row less, which comes with the first new token.
 */
const GEMMA_IDS = 262_145;
const GEMMA_ROWS = [262_144, 262_208] as const;

/** Rows of the embedding with new tokens, as the exporter grows it (`cli/export/korean-vocabulary.ts`). */
export function rowsWith(vocabularySize: number, addedTokens: number): number {
  if (addedTokens === 0) return vocabularySize;
  const isGemma = GEMMA_ROWS.some((rows) => rows === vocabularySize);
  return Math.max(vocabularySize, (isGemma ? GEMMA_IDS : vocabularySize) + addedTokens);
}

/** Numbers in the rows that new tokens take, as commonly counted: every one a row of its own, twice if untied. */
export function addedParameters({ hiddenSize, tiedEmbedding }: TextConfig, addedTokens: number): Expression {
  return product(named('added', addedTokens), named('hidden', hiddenSize), tiedEmbedding ? 1 : 2);
}

/** Quantities of a decoder by the names that formulas use. */
export function textNames(text: TextConfig, addedTokens = 0) {
  return {
    layers: named('layers', text.layers),
    hidden: named('hidden', text.hiddenSize),
    mlp: named('mlp', text.intermediateSize),
    heads: named('heads', text.heads),
    kvHeads: named('kv_heads', text.keyValueHeads),
    headDim: named('head_dim', text.headDim),
    rows: named('rows', rowsWith(text.vocabularySize, addedTokens)),
  };
}

/** @param storage formats of a package without blocks have no scales */
export function textWeights(text: TextConfig, storage: ModelStorage, place: Place, addedTokens = 0): TextWeights {
  const { layers, hidden, mlp, heads, kvHeads, headDim, rows } = textNames(text, addedTokens);
  const { formats, scales, compute } = storage;
  const stored = FLOAT_BYTES[scales];
  // Attention is multiplied in the compute type; the MLP and the head always in float32.
  const narrow = place === 'files' ? stored : FLOAT_BYTES[compute];
  const wide = place === 'files' ? stored : FLOAT_BYTES.fp32;
  const weightsOf = (...factors: (Expression | number)[]) => product(layers, ...factors);
  const fromHidden = weightsOf(hidden, sum(heads, product(2, kvHeads)), headDim);
  const queries = text.heads * text.headDim;
  const table = (format: ModelStorage['formats']['embedding']) =>
    matrixBytes(format, product(rows, hidden), text.hiddenSize, wide);
  return {
    attention: sum(
      matrixBytes(formats.attention, fromHidden, text.hiddenSize, narrow),
      matrixBytes(formats.attention, weightsOf(heads, headDim, hidden), queries, narrow),
    ),
    mlp: sum(
      matrixBytes(formats.mlp, weightsOf(2, hidden, mlp), text.hiddenSize, wide),
      matrixBytes(formats.mlp, weightsOf(mlp, hidden), text.intermediateSize, wide),
    ),
    embedding: table(formats.embedding),
    head: text.tiedEmbedding ? undefined : table(formats.embedding),
    norms: product(sum(product(layers, sum(product(4, hidden), product(2, headDim))), hidden), FLOAT_BYTES.fp32),
  };
}

/** The vision encoder with its projection; stored scales are float16 where `scales` says so, on the GPU they are float32. */
export function visionWeights(config: Gemma3Config, storage: ModelStorage, place: Place): Expression {
  const { vision, text } = config;
  if (!vision) return { type: 'number', value: 0 };
  const format = storage.formats.vision;
  const scale = place === 'gpu' ? FLOAT_BYTES.fp32 : FLOAT_BYTES[storage.scales];
  const { layers, width, inner, patches, pixels } = visionNames(vision, isBlocks(format));
  const hidden = named('hidden', text.hiddenSize);
  const matrices = sum(
    matrixBytes(
      format,
      product(layers, sum(product(4, width, width), product(width, inner))),
      vision.hiddenSize,
      scale,
    ),
    matrixBytes(format, product(layers, inner, width), valueOf(inner), scale),
    matrixBytes(format, product(width, hidden), vision.hiddenSize, scale),
  );
  // Patch embedding, positions, biases and norms, in float32. The runtime keeps the patch embedding in two layouts on a GPU.
  const rest = product(
    sum(
      product(place === 'gpu' ? 2 : 1, width, pixels),
      product(patches, width),
      product(layers, sum(product(9, width), inner)),
      product(4, width),
    ),
    FLOAT_BYTES.fp32,
  );
  return sum(matrices, rest);
}

export function visionNames(vision: VisionConfig, hasBlocks: boolean) {
  const side = Math.floor(vision.imageSize / vision.patchSize);
  const inner = hasBlocks ? Math.ceil(vision.intermediateSize / BLOCK) * BLOCK : vision.intermediateSize;
  return {
    layers: named('vision_layers', vision.layers),
    width: named('width', vision.hiddenSize),
    inner: named('vision_mlp', inner),
    patches: named('patches', side * side),
    pixels: named('patch_pixels', vision.channels * vision.patchSize ** 2),
  };
}
