/** Computes prompts into the KV cache, text and images in runs of their own. */
import type { Prompt } from '#core/chat/prompt.ts';
import { chunks } from './chunks.ts';
import type { Cache, Decoder, DecoderRun } from './sessions.ts';

export interface Part {
  /** Range of the prompt's tokens; `from` never lies inside an image. */
  from: number;
  to: number;
  /** Features of the prompt's only image, [tokens · hidden]. */
  features: Float32Array | undefined;
  /** Cache of the tokens before `from`. */
  past?: Cache | undefined;
}

/** @returns the last run, with logits of the last token; undefined for an empty range */
export async function prefill(
  decoder: Decoder,
  prompt: Prompt,
  { from, to, features, past }: Part,
): Promise<DecoderRun | undefined> {
  const ids = prompt.ids.slice(0, to);
  const images = prompt.images.filter(({ start }) => start < to);
  let run: DecoderRun | undefined;
  for (const { start, end, image } of chunks({ ...prompt, ids, images }, from, ids.length)) {
    const rest = { mask: prompt.mask.slice(0, end), past: run?.cache ?? past };
    if (!image) run = await decoder.runTokens(ids.slice(start, end), rest);
    else if (features) run = await decoder.run({ ...rest, input: features });
    else throw new Error('the prompt shows an image, and none is given');
  }
  return run;
}
