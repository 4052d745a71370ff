import type { TextConfig } from '../gemma3/config.ts';

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

/**
 * Bytes that the engine allocates for the KV cache on a GPU: global layers hold every position, local layers `localCacheRows`
 * of them, and beside them stand RoPE tables of the local rows and room to move the rows of one head.
 */
export function kvCacheBytes(
  shape: KvShape,
  contextLength: number,
  bytesPerNumber: number,
  longestChunk = localChunkTokens,
): number {
  const { slidingWindow, headDim } = shape;
  const rows = localCacheRows(slidingWindow, longestChunk);
  const locals = shape.isLocal.filter((local) => local).length;
  if (locals === 0 || rows >= contextLength) return contextLength * kvBytesPerToken(shape, bytesPerNumber);
  const positions = locals * rows + (shape.isLocal.length - locals) * contextLength;
  const tables = 2 * rows * (headDim / 2) * bytesPerNumber;
  const moved = (slidingWindow - 1 + rollbackTokens) * headDim * bytesPerNumber;
  return positions * bytesPerLayer(shape, bytesPerNumber) + tables + moved;
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
