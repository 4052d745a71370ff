/** The engine's decoder as an evaluation uses it: prompts that share a beginning, and the logits of every token of an answer. */
import { ChunkLength } from '#core/chat/chunk-length.ts';
import type { Prompt } from '#core/chat/prompt.ts';
import { prefill } from '../../workers/engine/generation/prefill.ts';
import { int64Tensor } from '../../workers/engine/model/backend.ts';
import type { LoadedModel } from '../../workers/engine/model/load.ts';

export interface EvaluatedDecoder {
  /** Keeps the first `length` tokens of what was computed. */
  truncate(length: number): void;
  /**
   * Computes the tokens of a prompt that were not kept; those that were must be its beginning.
   * @param features of its only image, [tokens · hidden]
   * @returns logits after the last token, [vocabulary]
   */
  prefill(prompt: Prompt, features: Float32Array | undefined): Promise<Float32Array>;
  /** Computes text tokens behind the ones before. @returns logits after each of them, [ids · vocabulary] */
  run(ids: readonly number[]): Promise<Float32Array>;
}

/** Tokens of a run at most. Not chosen by time, as for the page: sums in another order give other last digits. */
const LONGEST_RUN = 512;

export class EngineDecoder implements EvaluatedDecoder {
  readonly #model: LoadedModel;
  readonly #chunkLength: ChunkLength;
  readonly #longest: number;

  constructor(model: LoadedModel) {
    this.#model = model;
    this.#longest = Math.min(LONGEST_RUN, model.decoder.cache.longestRun);
    this.#chunkLength = new ChunkLength({ first: this.#longest, least: this.#longest, most: this.#longest });
  }

  truncate(length: number): void {
    const { decoder } = this.#model;
    // Rows of local layers that moved away cannot be kept: the decoder then keeps nothing.
    if (length < decoder.length) decoder.truncate(length);
  }

  async prefill(prompt: Prompt, features: Float32Array | undefined): Promise<Float32Array> {
    const { backend, info } = this.#model;
    const run = await prefill({
      model: { ...this.#model, chunkLength: this.#chunkLength },
      prompt,
      features: () => {
        if (!features) throw new TypeError('the prompt shows an image, and none is given');
        const dims = [1, info.tokensPerImage, features.length / info.tokensPerImage];
        return new backend.runtime.ort.Tensor('float32', features, dims);
      },
      want: 'logits',
      signal: new AbortController().signal,
      onChunk: () => undefined,
    });
    if (!run) throw new TypeError('the prompt was stopped without a signal');
    return run.logits;
  }

  async run(ids: readonly number[]): Promise<Float32Array> {
    const { backend, embedding, decoder } = this.#model;
    const parts: Float32Array[] = [];
    for (let at = 0; at < ids.length; at += this.#longest) {
      const part = ids.slice(at, at + this.#longest);
      const input = await embedding.embed(int64Tensor(backend, part, [1, part.length]));
      parts.push(await decoder.logitsOfEach(input, part.length));
    }
    const [only] = parts;
    return only && parts.length === 1 ? only : Float32Array.from(parts.flatMap((part) => Array.from(part)));
  }
}
