import type { TextConfig } from '../gemma3/config.ts';
import { named, product, sum, valueOf, type Expression } from './expression.ts';

/** Fields of the config that determine the size of a KV cache; `isLocal` has one entry per layer. */
export type KvShape = Pick<TextConfig, 'keyValueHeads' | 'headDim' | 'isLocal' | 'slidingWindow'>;

/** Bytes of one position in one layer: a key and a value of `headDim` numbers for every key-value head. */
function bytesPerLayer({ keyValueHeads, headDim }: KvShape, bytesPerNumber: number): number {
  return keyValueHeads * headDim * 2 * bytesPerNumber;
}

/**
 * Tokens behind the window that a local cache keeps when it makes room, so that as many can be taken back without computing
 * the conversation again: the superfluous token of a step that was queued ahead, the end of an answer that the template
 * writes differently.
 */
export const rollbackTokens = 64;

/** Rows beyond what must fit, so that room is not made for every chunk. */
const slackRows = 33;

/**
 * Rows of a local layer's cache: what the first token of a chunk sees behind it, the rollback reserve, and the chunk. A
 * context of fewer positions takes as many rows as it has positions.
 * @param longestChunk tokens that one run adds at most
 */
export function localCacheRows(window: number, longestChunk: number): number {
  return window - 1 + rollbackTokens + longestChunk + slackRows;
}

/** Tokens of a run that local caches have rows for, if no image has more; images of Gemma 3 have as many. */
export const localChunkTokens = 256;

/** Bytes that the engine allocates for the KV cache on a GPU. */
export function kvCacheBytes(
  shape: KvShape,
  contextLength: number,
  bytesPerNumber: number,
  longestChunk = localChunkTokens,
): number {
  return valueOf(kvCacheFormula(shape, contextLength, bytesPerNumber, longestChunk));
}

/**
 * Global layers hold every position, local layers `localCacheRows` of them, and beside them stand RoPE tables of the local rows
 * and room to move the rows of one head.
 */
export function kvCacheFormula(
  shape: KvShape,
  contextLength: number,
  bytesPerNumber: number,
  longestChunk = localChunkTokens,
): Expression {
  const { slidingWindow } = shape;
  const rowCount = localCacheRows(slidingWindow, longestChunk);
  const localCount = shape.isLocal.filter((local) => local).length;
  const headDim = named('head_dim', shape.headDim);
  const context = named('context', contextLength);
  const ofPosition = [2, named('kv_heads', shape.keyValueHeads), headDim, bytesPerNumber] as const;
  if (!hasLocalRows(shape, contextLength, longestChunk))
    return product(named('layers', shape.isLocal.length), context, ...ofPosition);
  const rows = named('local_rows', rowCount);
  const globals = named('global_layers', shape.isLocal.length - localCount);
  return sum(
    product(sum(product(named('local_layers', localCount), rows), product(globals, context)), ...ofPosition),
    // Cosines and sines of half the dimensions.
    product(rows, headDim, bytesPerNumber),
    product(named('moved_rows', slidingWindow - 1 + rollbackTokens), headDim, bytesPerNumber),
  );
}

/** False where local layers keep every position too, because that takes no more rows. */
export function hasLocalRows(shape: KvShape, contextLength: number, longestChunk = localChunkTokens): boolean {
  return shape.isLocal.includes(true) && localCacheRows(shape.slidingWindow, longestChunk) < contextLength;
}

/** Bytes of a token in the cache: in all layers, and in those that keep every position (all, where none is local). */
export function kvPerToken(shape: KvShape, bytesPerNumber: number): { all: Expression; global: Expression } {
  const globals = shape.isLocal.filter((local) => !local).length;
  const inLayers = (layers: Expression) =>
    product(layers, 2, named('kv_heads', shape.keyValueHeads), named('head_dim', shape.headDim), bytesPerNumber);
  return {
    all: inLayers(named('layers', shape.isLocal.length)),
    global: inLayers(named('global_layers', globals)),
  };
}

/** Bytes per token if every layer caches all tokens, as transformers.js does. */
export function kvBytesPerToken(shape: KvShape, bytesPerNumber: number): number {
  return shape.isLocal.length * bytesPerLayer(shape, bytesPerNumber);
}

/** Bytes for `tokens` positions if local layers cache only their sliding window: the minimum for the architecture. */
export function kvBytesWithWindow(shape: KvShape, tokens: number, bytesPerNumber: number): number {
  const inWindow = Math.min(tokens, shape.slidingWindow);
  const positions = shape.isLocal.reduce((sum, local) => sum + (local ? inWindow : tokens), 0);
  return positions * bytesPerLayer(shape, bytesPerNumber);
}

/**
 * Shapes of Gemma 3 4B and MedGemma 4B, from its `config.json`: 34 layers, of which every sixth is global; 4 key-value heads
 * of 256; a window of 1,024; hidden size 2,560; 131,072 positions.
 */
export const gemma3of4B = {
  keyValueHeads: 4,
  headDim: 256,
  isLocal: Array.from({ length: 34 }, (_, layer) => (layer + 1) % 6 !== 0),
  slidingWindow: 1024,
  hiddenSize: 2560,
  maxPositions: 131_072,
} as const satisfies KvShape & Pick<TextConfig, 'hiddenSize' | 'maxPositions'>;
