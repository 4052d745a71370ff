/** Computes a prompt into the KV cache, chunk by chunk. */
import type * as Ort from 'onnxruntime-web';
import { chunks } from '#core/chat/chunks.ts';
import type { Prompt } from '#core/chat/prompt.ts';
import { int64Tensor } from '../model/backend.ts';
import type { LoadedModel } from '../model/load.ts';

export interface PrefillInput {
  model: Pick<LoadedModel, 'backend' | 'embedding' | 'decoder' | 'chunk'>;
  prompt: Prompt;
  /** Features of the prompt's image `index`, float32 [1, tokens, hidden]. */
  features(index: number): Ort.Tensor;
  /** What to return for the last token: the greedy choice or the logits. */
  want: 'token' | 'logits';
  signal: AbortSignal;
  onChunk(done: number, total: number): void;
}

/** `token` is −1 on the GPU, where the choice stays in the decoder's token buffer. */
export interface PrefillResult {
  token: number;
  logits: Float32Array;
}

/**
 * Starts after the tokens that the decoder's cache holds.
 * @returns undefined when stopped; the cache then holds the finished chunks
 */
export async function prefill(input: PrefillInput): Promise<PrefillResult | undefined> {
  const { prompt, signal } = input;
  const { backend, decoder, embedding, chunk: longest } = input.model;
  const start = decoder.length;
  const result: PrefillResult = { token: -1, logits: new Float32Array() };
  for (const chunk of chunks(prompt, start, longest)) {
    if (signal.aborted) return undefined;
    const mask = prompt.mask.slice(chunk.start, chunk.end);
    const ids = prompt.ids.slice(chunk.start, chunk.end);
    const feed = chunk.image
      ? { inputs_embeds: input.features(chunk.image.index) }
      : await backend.guard(embedding.embed(int64Tensor(backend, ids, [1, ids.length])));
    if (chunk.end < prompt.ids.length || input.want === 'token') result.token = await decoder.run(feed, mask, 'token');
    else result.logits = await decoder.run(feed, mask, 'logits');
    // A run returns when its work is queued. Waiting for the GPU keeps progress accurate and lets Stop take effect.
    if (backend.gpu) await backend.guard(backend.gpu.device.queue.onSubmittedWorkDone());
    else await new Promise((resolve) => setTimeout(resolve));
    input.onChunk(chunk.end - start, prompt.ids.length - start);
  }
  return signal.aborted ? undefined : result;
}
