/** Splits a prompt into runs of text and runs of an image: embeddings of images are not mixed with those of text here. */
import type { Prompt } from '#core/chat/prompt.ts';

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
