/** Runs a decoder on its device: takes new tokens, returns the next token or its logits, and keeps the KV cache. */
import type * as Ort from 'onnxruntime-web';
import { nextToken } from '#core/onnx/patch/argmax-head.ts';
import { gpuTensor, int64Tensor, type Backend } from './backend.ts';
import type { DecoderSessions } from './decoder-session.ts';
import type { KvCache } from './kv-cache.ts';

/** Mask value of a text token; the tokens of the i-th image of a prefix have i + 2. */
export const textMask = 1;

/** Additional inputs of the decoder's sessions: adapters. */
export interface ExtraInputs {
  /** Called right before each run, in the order of the runs. */
  feeds(): Record<string, Ort.Tensor>;
}

export class Decoder {
  readonly cache: KvCache;
  readonly #backend: Backend;
  #sessions: DecoderSessions;
  #extra: ExtraInputs | undefined;
  /** One value per position: 1 is text, 2, 3, … an image. */
  readonly #mask: BigInt64Array;
  readonly #tokenBuffer: GPUBuffer | undefined;
  readonly #keepOne: Ort.Tensor;
  #length = 0;

  constructor(backend: Backend, sessions: DecoderSessions, cache: KvCache) {
    this.#backend = backend;
    this.#sessions = sessions;
    this.cache = cache;
    this.#mask = new BigInt64Array(cache.capacity);
    this.#keepOne = new backend.runtime.ort.Tensor('int64', new BigInt64Array([1n]), []);
    this.#tokenBuffer = backend.gpu?.ledger.createBuffer('scratch', {
      label: nextToken,
      size: 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** Switches to other sessions of the same decoder. The cache must be empty: its rows are of the adapters before. */
  use(sessions: DecoderSessions, extra: ExtraInputs | undefined): void {
    if (this.#length > 0) throw new TypeError('the cache must be empty when the session changes');
    this.#sessions = sessions;
    this.#extra = extra;
  }

  /** Positions in the cache. */
  get length(): number {
    return this.#length;
  }

  /** Drops everything after the first `length` positions, or everything if the cache cannot be truncated. */
  truncate(length: number): void {
    this.#length = this.cache.truncate(length) ? length : 0;
  }

  /** The greedy choice of the last run as ids for the next one, int64 [1, 1], without leaving the device. */
  nextIds(): Ort.Tensor | undefined {
    return this.#tokenBuffer && gpuTensor(this.#backend, this.#tokenBuffer, 'int64', [1, 1]);
  }

  /** Greedy choice of the last run; asynchronous on the GPU. */
  get tokenBuffer(): GPUBuffer | undefined {
    return this.#tokenBuffer;
  }

  /**
   * Runs new tokens and appends them to the cache.
   * @param input `inputs_embeds` [1, n, hidden] or `input_ids` [1, n]. A decoder of two sessions takes embeddings for chunks with
   *   images, and ids for all others.
   * @param mask one value per new token
   * @returns `token`: the greedy choice after the last of them, −1 where it stays on the device (nextIds).
   *   `logits`: [vocabulary] after the last of them.
   */
  async run(input: Record<string, Ort.Tensor>, mask: readonly number[], want: 'token'): Promise<number>;
  async run(input: Record<string, Ort.Tensor>, mask: readonly number[], want: 'logits'): Promise<Float32Array>;
  async run(
    input: Record<string, Ort.Tensor>,
    mask: readonly number[],
    want: 'token' | 'logits',
  ): Promise<number | Float32Array> {
    const past = this.#length;
    const total = past + mask.length;
    mask.forEach((value, i) => (this.#mask[past + i] = BigInt(value)));
    const { Tensor } = this.#backend.runtime.ort;
    const { session, inputs, weights } = ('inputs_embeds' in input && this.#sessions.image) || this.#sessions.text;
    const feeds: Record<string, Ort.Tensor> = {
      ...input,
      ...weights.tensors,
      ...this.cache.feeds(),
      ...this.#extra?.feeds(),
      attention_mask: new Tensor('int64', this.#mask.slice(0, total), [1, total]),
    };
    if (inputs.has('num_logits_to_keep')) feeds['num_logits_to_keep'] = this.#keepOne;
    if (inputs.has('position_ids'))
      feeds['position_ids'] = int64Tensor(
        this.#backend,
        mask.map((_, i) => past + i),
        [1, mask.length],
      );
    const onDevice = this.nextIds();
    const answer: Record<string, Ort.Tensor | null> =
      want === 'logits' ? { logits: null } : { [nextToken]: onDevice ?? null };
    const outputs = await this.#backend.guard(session.run(feeds, { ...answer, ...this.cache.fetches() }));
    this.cache.accept(outputs);
    this.#length = total;
    if (want === 'token') {
      if (onDevice) return -1;
      const value = outputs[nextToken]?.data[0];
      if (typeof value !== 'bigint') throw new TypeError('the decoder gave no next_token');
      return Number(value);
    }
    const logits = outputs['logits'];
    if (!(logits?.data instanceof Float32Array)) throw new TypeError('the decoder gave no float32 logits');
    // A decoder that does not know num_logits_to_keep gives a row per token.
    return logits.data.slice(-(logits.dims[2] ?? logits.data.length));
  }

  /** Frees the decoder's own buffers; the caller frees session and cache. */
  dispose(): void {
    this.#tokenBuffer?.destroy();
  }
}
