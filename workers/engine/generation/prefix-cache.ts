/** State that is kept from turn to turn. */
import type { ImagePrompt } from '#core/chat/chunks.ts';
import type { Prompt } from '#core/chat/prompt.ts';
import type { RunTimes } from '#core/prompt-lookup/run-times.ts';
import type { Decoder } from '../model/decoder.ts';
import type { ImageCache } from './image-cache.ts';

export interface PrefixCache {
  /** The tokens that the decoder's cache holds. */
  cached: ImagePrompt;
  /** True if part of the cache was computed at other adapter strengths: the next turn then computes its whole prompt. */
  isStale: boolean;
  images: ImageCache;
  /** How long the decoder's runs take in this conversation, for prompt lookup. */
  runTimes: RunTimes;
}

export const emptyPrompt: ImagePrompt = { ids: [], mask: [], images: [], hashes: [] };

/** Empties the KV cache; the features of images stay. */
export function forgetPrefix(decoder: Decoder, prefix: PrefixCache): void {
  decoder.truncate(0);
  prefix.cached = emptyPrompt;
  prefix.isStale = false;
  prefix.runTimes.clear();
}

/** The first `length` tokens of a prompt. */
export function prefixOf(prompt: Prompt, length: number): Pick<Prompt, 'ids' | 'mask'> {
  return { ids: prompt.ids.slice(0, length), mask: prompt.mask.slice(0, length) };
}

export function withAnswer(prompt: ImagePrompt, ids: readonly number[]): ImagePrompt {
  return { ...prompt, ids: [...prompt.ids, ...ids], mask: [...prompt.mask, ...ids.map(() => 1)] };
}
