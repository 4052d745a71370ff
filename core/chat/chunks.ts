/** Splits a prompt into prefill chunks, and finds the prefix that is already in the KV cache. */
import type { Prompt } from './prompt.ts';

/** A prompt with hashes of its images. */
export interface ImagePrompt extends Prompt {
  /** Content hash of each image, in the order of `images`. */
  hashes: readonly string[];
}

/** Tokens [start, end) of a prompt that one run computes. */
export interface Chunk {
  start: number;
  end: number;
  /** The images in it, each whole. */
  images: Prompt['images'];
}

/**
 * The chunk that starts at `from`. It ends at most `longest` tokens later, before an image that would be cut. An image that starts
 * at `from` is in it whatever its length, and so is one that follows the first half of `longest` at most, if `most` allows: the
 * image needs a run of its length anyway.
 * @param most number of tokens that a run can have; at least those of an image
 */
export function nextChunk(prompt: Prompt, from: number, longest: number, most: number): Chunk {
  let end = Math.min(from + Math.min(longest, most), prompt.ids.length);
  const cut = prompt.images.find(({ start, length }) => start >= from && start < end && start + length > end);
  if (cut) {
    const whole = cut.start + cut.length;
    const before = cut.start - from;
    end = before === 0 || (before <= longest / 2 && whole - from <= most) ? whole : cut.start;
  }
  const images = prompt.images.filter(({ start, length }) => start >= from && start + length <= end);
  return { start: from, end, images };
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
