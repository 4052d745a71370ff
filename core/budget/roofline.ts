import type { KvShape } from './kv-cache.ts';
import { kvBytesWithWindow } from './kv-cache.ts';

/**
 * Bytes that decoding one token reads at least: every weight of the decoder once, and of the KV cache what the token looks at.
 * Divided into the memory's bandwidth it bounds the tokens per second (Williams, Waterman, Patterson 2009: "Roofline").
 * @param weightBytes of the decoder with its head; of the embedding table only a row is read, which does not count
 * @param bytesPerNumber of a number in the KV cache
 */
export function decodeBytesPerToken(
  weightBytes: number,
  shape: KvShape,
  contextTokens: number,
  bytesPerNumber: number,
): number {
  return weightBytes + kvBytesWithWindow(shape, contextTokens, bytesPerNumber);
}
