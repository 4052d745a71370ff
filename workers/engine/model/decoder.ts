/** Runs a decoder on its device: takes new tokens, returns the next token or its logits, and keeps the KV cache. */
import type * as Ort from 'onnxruntime-web';
import { nextToken } from '#core/onnx/patch/argmax-head.ts';
import { gpuTensor, int64Tensor, type Backend } from './backend.ts';
import type { DecodeStep } from './decode-step.ts';
import type { DecoderSessions } from './decoder-session.ts';
import type { KvCache } from './kv-cache.ts';
import { readBuffer } from './read-buffer.ts';
import type { SessionHandle } from './sessions.ts';

/** Mask value of a text token; the tokens of the i-th image of a prefix have i + 2. */
export const textMask = 1;

/** Tokens that `runTokens` takes at most. */
export const mostChosen = 16;

/** Additional inputs of the decoder's sessions: adapters. */
export interface ExtraInputs {
  /** Called right before each run, in the order of the runs. */
  feeds(): Record<string, Ort.Tensor>;
}

/** A captured step, and how far it is right. */
export interface CapturedStep {
  step: SessionHandle<DecodeStep>;
  /** The runtime ignores the sliding window in captured runs: positions up to here are right. */
  positions: number;
}

export class Decoder {
  readonly cache: KvCache;
  /** Decodes single text tokens in place of the text session, as long as there are no extra inputs. */
  captured: CapturedStep | undefined;
  readonly #backend: Backend;
  #sessions: DecoderSessions;
  #extra: ExtraInputs | undefined;
  /** One value per position: 1 is text, 2, 3, … an image. */
  readonly #mask: BigInt64Array;
  readonly #tokenBuffer: GPUBuffer | undefined;
  /** Greedy choice of the last run: `#tokenBuffer`, or the captured step's own. */
  #newest: GPUBuffer | undefined;
  readonly #keepOne: Ort.Tensor;
  /** float32 [vocabulary] of the last run that left them on the device, where it was not captured. */
  #logits: GPUBuffer | undefined;
  /** Greedy choices of a run that gives several, int64 each; made when first needed. */
  #choices: GPUBuffer | undefined;
  #length = 0;

  constructor(backend: Backend, sessions: DecoderSessions, cache: KvCache) {
    this.#backend = backend;
    this.#sessions = sessions;
    this.cache = cache;
    this.#mask = new BigInt64Array(cache.capacity);
    this.#keepOne = int64Tensor(backend, [1], []);
    this.#tokenBuffer = this.#createBuffer(16);
    this.#newest = this.#tokenBuffer;
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
    return this.#newest && gpuTensor(this.#backend, this.#newest, 'int64', [1, 1]);
  }

  /** Greedy choice of the last run; asynchronous on the GPU. */
  get tokenBuffer(): GPUBuffer | undefined {
    return this.#newest;
  }

  /** The captured step, if it may run the next token. */
  get #step(): DecodeStep | undefined {
    const { captured } = this;
    // The step counts rows of local layers as positions, which they are as long as no rows have moved.
    const isMoved = (this.cache.rows?.start ?? 0) > 0;
    const isRight = captured && !this.#extra && !isMoved && this.#length < captured.positions;
    return isRight ? captured.step.current : undefined;
  }

  /**
   * Queues a step on the greedy choice of the last run. The next choice stays on the device (nextIds).
   * @param plain runs the step where it cannot be captured
   */
  async next(plain: () => Promise<unknown>): Promise<void> {
    const step = this.#step;
    if (step && this.#newest) await this.#runStep(step, this.#newest);
    else await plain();
  }

  /**
   * Runs a text token whose id the host knows. @param plain runs it where it cannot be captured
   * @returns its logits, [vocabulary]
   */
  async logitsOf(id: number, plain: () => Promise<Float32Array>): Promise<Float32Array> {
    const step = this.#step;
    const { gpu } = this.#backend;
    if (!step?.logits || !gpu) return plain();
    await this.runCaptured(id);
    const bytes = await this.#backend.guard(readBuffer(gpu, step.logits));
    return new Float32Array(bytes, 0, step.vocabularySize);
  }

  /**
   * Runs a text token whose id the host knows in the captured step; the choice after it is in `tokenBuffer`.
   * @returns false if it may not run there: nothing was run then
   */
  async runCaptured(id: number): Promise<boolean> {
    const step = this.#step;
    if (step) await this.#runStep(step, id);
    return step !== undefined;
  }

  /**
   * Queues a run of a text token and leaves its logits on the GPU.
   * @param token its id, or a buffer of int64 [1, 1] that holds it by then
   * @param embed makes the input of a run that cannot be captured
   * @returns a buffer of float32 [vocabulary], until the next run
   */
  async logitsOnDevice(
    token: number | GPUBuffer,
    vocabulary: number,
    embed: (ids: Ort.Tensor) => Promise<Record<string, Ort.Tensor>>,
  ): Promise<GPUBuffer> {
    const step = this.#step;
    if (step?.logits && step.vocabularySize === vocabulary) {
      await this.#runStep(step, token);
      return step.logits;
    }
    const isId = typeof token === 'number';
    const ids = isId ? int64Tensor(this.#backend, [token], [1, 1]) : gpuTensor(this.#backend, token, 'int64', [1, 1]);
    const logits = (this.#logits ??= this.#createBuffer(Math.ceil((4 * vocabulary) / 16) * 16, 'logits'));
    if (!logits) throw new TypeError('there is no GPU');
    const input = await this.#backend.guard(embed(ids));
    await this.#run(input, [textMask], 1, { logits: gpuTensor(this.#backend, logits, 'float32', [1, 1, vocabulary]) });
    this.#newest = this.#tokenBuffer;
    return logits;
  }

  async #runStep(step: DecodeStep, token: number | GPUBuffer): Promise<void> {
    step.take(token);
    const past = this.#length;
    this.cache.prepare(1);
    await this.#backend.guard(step.run(past));
    this.cache.accept({});
    this.#mask[past] = BigInt(textMask);
    this.#length = past + 1;
    this.#newest = step.next;
  }

  /** True if `runTokens` may run, and the cache can then take back what was wrong. */
  get canVerify(): boolean {
    return this.cache.canRollBack && this.#sessions.text.inputs.has('num_logits_to_keep');
  }

  /**
   * Runs text tokens and appends them to the cache.
   * @param input as `run` takes it, of `count` tokens, at most `mostChosen`
   * @returns the greedy choice after each of them; it is not the input of the next step (`choose`)
   * @throws TypeError if the decoder chooses after the last token only (`canVerify`)
   */
  async runTokens(input: Record<string, Ort.Tensor>, count: number): Promise<number[]> {
    const { gpu } = this.#backend;
    if (!this.canVerify || count > mostChosen) throw new TypeError(`the decoder cannot choose after ${count} tokens`);
    if (gpu) this.#choices ??= this.#createBuffer(8 * mostChosen);
    const buffer = this.#choices;
    const onDevice = buffer && gpuTensor(this.#backend, buffer, 'int64', [1, count]);
    const mask = new Array<number>(count).fill(textMask);
    const outputs = await this.#run(input, mask, count, { [nextToken]: onDevice ?? null });
    const values =
      gpu && buffer
        ? new BigInt64Array(await this.#backend.guard(readBuffer(gpu, buffer)), 0, count)
        : outputs[nextToken]?.data;
    if (!(values instanceof BigInt64Array) || values.length !== count)
      throw new TypeError(`the decoder gave no next_token for each of ${count} tokens`);
    return Array.from(values, Number);
  }

  /**
   * Runs text tokens and appends them to the cache.
   * @param input as `run` takes it, of `count` tokens
   * @returns logits after each of them, [count · vocabulary]
   */
  async logitsOfEach(input: Record<string, Ort.Tensor>, count: number): Promise<Float32Array> {
    const mask = new Array<number>(count).fill(textMask);
    const { logits } = await this.#run(input, mask, count, { logits: null });
    this.#newest = this.#tokenBuffer;
    if (!(logits?.data instanceof Float32Array) || logits.dims[1] !== count)
      throw new TypeError(`the decoder gave no float32 logits for each of ${count} tokens`);
    return logits.data;
  }

  /** Makes `id` the input of the next step (`next`, `nextIds`), behind the work queued so far. */
  choose(id: number): void {
    const { gpu } = this.#backend;
    if (!gpu || !this.#tokenBuffer) return;
    gpu.device.queue.writeBuffer(this.#tokenBuffer, 0, new BigInt64Array([BigInt(id)]));
    this.#newest = this.#tokenBuffer;
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
    const buffer = this.#tokenBuffer;
    const onDevice = buffer && gpuTensor(this.#backend, buffer, 'int64', [1, 1]);
    const answer: Record<string, Ort.Tensor | null> =
      want === 'logits' ? { logits: null } : { [nextToken]: onDevice ?? null };
    const outputs = await this.#run(input, mask, 1, answer);
    this.#newest = buffer;
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

  /** @param keep how many of the last tokens get logits, in decoders that can choose */
  async #run(
    input: Record<string, Ort.Tensor>,
    mask: readonly number[],
    keep: number,
    answer: Record<string, Ort.Tensor | null>,
  ): Promise<Ort.InferenceSession.ReturnType> {
    const past = this.#length;
    const total = past + mask.length;
    mask.forEach((value, i) => (this.#mask[past + i] = BigInt(value)));
    const { Tensor } = this.#backend.runtime.ort;
    const { session, inputs, weights } = ('inputs_embeds' in input && this.#sessions.image) || this.#sessions.text;
    this.cache.prepare(mask.length);
    const feeds: Record<string, Ort.Tensor> = {
      ...input,
      ...weights.tensors,
      ...this.cache.feeds(inputs),
      ...this.#extra?.feeds(),
      attention_mask: new Tensor('int64', this.#mask.slice(0, total), [1, total]),
    };
    if (inputs.has('num_logits_to_keep'))
      feeds['num_logits_to_keep'] = keep === 1 ? this.#keepOne : int64Tensor(this.#backend, [keep], []);
    if (inputs.has('position_ids'))
      feeds['position_ids'] = int64Tensor(
        this.#backend,
        mask.map((_, i) => past + i),
        [1, mask.length],
      );
    const outputs = await this.#backend.guard(session.run(feeds, { ...answer, ...this.cache.fetches() }));
    this.cache.accept(outputs);
    this.#length = total;
    return outputs;
  }

  #createBuffer(size: number, label = nextToken): GPUBuffer | undefined {
    return this.#backend.gpu?.ledger.createBuffer('scratch', {
      label,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** Frees the decoder's own buffers; the caller frees session and cache. */
  dispose(): void {
    this.#tokenBuffer?.destroy();
    this.#logits?.destroy();
    this.#choices?.destroy();
  }
}
