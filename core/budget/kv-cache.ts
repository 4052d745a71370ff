import type { TextConfig } from '../gemma3/config.ts';

/** Fields of the config that determine the size of a KV cache; `isLocal` has one entry per layer. */
export type KvShape = Pick<TextConfig, 'keyValueHeads' | 'headDim' | 'isLocal' | 'slidingWindow'>;

/** Bytes of one position in one layer: a key and a value of `headDim` numbers for every key-value head. */
function bytesPerLayer({ keyValueHeads, headDim }: KvShape, bytesPerNumber: number): number {
  return keyValueHeads * headDim * 2 * bytesPerNumber;
}

/** Bytes per token if every layer caches all tokens, as the engine does. */
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
