/** Computes a prompt into the KV cache, chunk by chunk. */
import type * as Ort from 'onnxruntime-web';
import { nextChunk, type Chunk } from '#core/chat/chunks.ts';
import type { Prompt } from '#core/chat/prompt.ts';
import { int64Tensor } from '../model/backend.ts';
import { textMask } from '../model/decoder.ts';
import type { LoadedModel } from '../model/load.ts';

export interface PrefillInput {
  model: Pick<LoadedModel, 'backend' | 'embedding' | 'decoder' | 'chunkLength' | 'longestChunk'>;
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
  const { backend, decoder, chunkLength } = input.model;
  const start = decoder.length;
  const result: PrefillResult = { token: -1, logits: new Float32Array() };
  chunkLength.begin();
  while (decoder.length < prompt.ids.length) {
    if (signal.aborted) return undefined;
    const begin = performance.now();
    const most = Math.min(input.model.longestChunk, decoder.cache.longestRun);
    const chunk = nextChunk(prompt, decoder.length, chunkLength.next, most);
    const mask = prompt.mask.slice(chunk.start, chunk.end);
    const feed = await backend.guard(embed(input, chunk));
    if (chunk.end < prompt.ids.length || input.want === 'token') result.token = await decoder.run(feed, mask, 'token');
    else result.logits = await decoder.run(feed, mask, 'logits');
    // A run returns when its work is queued. Waiting for the GPU keeps progress accurate and lets Stop take effect.
    if (backend.gpu) await backend.guard(backend.gpu.device.queue.onSubmittedWorkDone());
    else await new Promise((resolve) => setTimeout(resolve));
    chunkLength.measured(mask.length, performance.now() - begin);
    input.onChunk(chunk.end - start, prompt.ids.length - start);
  }
  return signal.aborted ? undefined : result;
}

async function embed(input: PrefillInput, chunk: Chunk): Promise<Record<string, Ort.Tensor>> {
  const { model, prompt } = input;
  const { backend, embedding } = model;
  // The ids of image tokens may be beyond the embedding's table.
  const ids = prompt.ids
    .slice(chunk.start, chunk.end)
    .map((id, i) => (prompt.mask[chunk.start + i] === textMask ? id : 0));
  const tensor = int64Tensor(backend, ids, [1, ids.length]);
  if (chunk.images.length === 0) return embedding.embed(tensor);
  const placed = chunk.images.map(({ index, start }) => ({ at: start - chunk.start, features: input.features(index) }));
  return embedding.embedWithImages(tensor, placed);
}
