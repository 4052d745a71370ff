/** Splits a prompt into prefill chunks, and finds the prefix that is already in the KV cache. */
import type { Prompt } from './prompt.ts';

/** A prompt with hashes of its images. */
export interface ImagePrompt extends Prompt {
  /** Content hash of each image, in the order of `images`. */
  hashes: readonly string[];
}

export interface Chunk {
  start: number;
  end: number;
  /** If set, the chunk is exactly the tokens of this image. */
  image: Prompt['images'][number] | undefined;
}

/** Covers [from, end of the prompt) with chunks of at most `longest` tokens; an image is one chunk, never cut. */
export function chunks(prompt: Prompt, from: number, longest: number): Chunk[] {
  const result: Chunk[] = [];
  const text = (start: number, end: number) => {
    for (let at = start; at < end; at += longest)
      result.push({ start: at, end: Math.min(at + longest, end), image: undefined });
  };
  let at = from;
  for (const image of prompt.images) {
    if (image.start < from) continue;
    text(at, image.start);
    at = image.start + image.length;
    result.push({ start: image.start, end: at, image });
  }
  text(at, prompt.ids.length);
  return result;
}

/**
 * Number of leading tokens that both prompts share. Images are compared by content; a partly shared image is excluded, and
 * at least one token of `next` remains to be computed.
 */
export function commonPrefix(cached: ImagePrompt, next: ImagePrompt): number {
  const limit = Math.min(cached.ids.length, next.ids.length - 1);
  let length = 0;
  while (length < limit && cached.ids[length] === next.ids[length] && cached.mask[length] === next.mask[length])
    length++;
  for (const image of next.images) {
    if (image.start >= length) break;
    const same = cached.hashes[image.index] === next.hashes[image.index];
    if (!same || image.start + image.length > length) return image.start;
  }
  return length;
}
