/** A KV cache that each run returns anew, longer by its tokens. */
import type * as Ort from 'onnxruntime-web';
import type { LocalWindow } from '#core/onnx/patch/local-window.ts';
import type { Backend } from './backend.ts';
import type { KvCache, KvInput } from './kv-cache.ts';
import { LocalInputs } from './local-inputs.ts';
import { LocalRows } from './local-rows.ts';

/**
 * On the CPU rows are cut by copying: the last ones when the cache is truncated, the first ones of local layers when they are
 * more than `local` says. On the GPU the runtime's buffers are taken as they are.
 */
export class GrowingKvCache implements KvCache {
  readonly capacity: number;
  readonly canTruncate = false;
  readonly canRollBack: boolean;
  readonly rows: LocalRows | undefined;
  readonly #local: LocalInputs | undefined;
  readonly #pasts: ReadonlySet<string>;
  readonly #inputs: readonly KvInput[];
  readonly #backend: Backend;
  #tensors: Record<string, Ort.Tensor>;
  #length = 0;
  #tokens = 0;

  constructor(
    backend: Backend,
    inputs: readonly KvInput[],
    capacity: number,
    local?: { window: LocalWindow; rows: number },
  ) {
    if (local && backend.gpu) throw new TypeError('local rows of a growing KV cache are cut on the CPU only');
    this.#backend = backend;
    this.#inputs = inputs;
    this.capacity = capacity;
    this.canRollBack = !backend.gpu;
    this.#pasts = local?.window.pasts ?? new Set();
    this.rows = local && new LocalRows(local.window.window, local.rows);
    this.#local = local && this.rows && new LocalInputs(backend, local.window, this.rows);
    this.#tensors = this.#empty();
  }

  get longestRun(): number {
    return this.rows?.longestRun ?? Infinity;
  }

  get filledBytes(): number {
    return Object.values(this.#tensors).reduce((sum, { size, type }) => sum + size * (type === 'float16' ? 2 : 4), 0);
  }

  prepare(tokens: number): void {
    this.#tokens = tokens;
    const move = this.rows?.makeRoom(tokens);
    if (!move) return;
    this.#cutRows(true, move.from, move.count);
    this.#local?.shift();
  }

  feeds(inputs: ReadonlySet<string>): Record<string, Ort.Tensor> {
    return this.#local ? { ...this.#tensors, ...this.#local.feeds(this.#tokens, inputs) } : this.#tensors;
  }

  fetches(): Record<string, null> {
    return Object.fromEntries(this.#inputs.map(({ present }) => [present, null]));
  }

  accept(outputs: Ort.InferenceSession.ReturnType): void {
    const old = this.#tensors;
    this.#tensors = {};
    for (const { past, present } of this.#inputs) {
      const tensor = outputs[present];
      if (!tensor) throw new TypeError(`the run gave no ${present}`);
      this.#tensors[past] = tensor;
    }
    this.#length += this.#tokens;
    this.rows?.append(this.#tokens);
    for (const tensor of Object.values(old)) tensor.dispose();
  }

  truncate(length: number): boolean {
    if (length === this.#length) return true;
    const start = this.rows?.start ?? 0;
    const isKept = (this.rows?.truncate(length) ?? true) && !this.#backend.gpu;
    if (!isKept || length === 0) {
      this.rows?.truncate(0);
      this.#disposeTensors();
      this.#tensors = this.#empty();
      this.#length = 0;
    } else {
      this.#cutRows(false, 0, length);
      this.#cutRows(true, 0, this.rows?.length ?? 0);
      this.#length = length;
    }
    if (this.rows && this.rows.start !== start) this.#local?.shift();
    return isKept || length === 0;
  }

  dispose(): void {
    this.#disposeTensors();
    this.#local?.dispose();
  }

  #disposeTensors(): void {
    for (const tensor of Object.values(this.#tensors)) tensor.dispose();
  }

  /** Keeps rows [from, from + count) of every head, in the local or in the global layers. */
  #cutRows(local: boolean, from: number, count: number): void {
    for (const input of this.#inputs) {
      const tensor = this.#tensors[input.past];
      if (tensor && this.#pasts.has(input.past) === local)
        this.#tensors[input.past] = this.#cut(tensor, input, from, count);
    }
  }

  #cut(tensor: Ort.Tensor, { heads, headDim, type }: KvInput, from: number, count: number): Ort.Tensor {
    const { Tensor } = this.#backend.runtime.ort;
    const dims = [1, heads, count, headDim];
    const block = (tensor.dims[2] ?? 0) * headDim;
    const copy = <T extends Float32Array | Uint16Array>(source: T, to: T): T => {
      for (let head = 0; head < heads; head++) {
        const first = head * block + from * headDim;
        to.set(source.subarray(first, first + count * headDim), head * count * headDim);
      }
      return to;
    };
    const size = heads * count * headDim;
    if (type === 'float32' && tensor.data instanceof Float32Array)
      return new Tensor('float32', copy(tensor.data, new Float32Array(size)), dims);
    if (type === 'float16' && tensor.data instanceof Uint16Array)
      return new Tensor('float16', copy(tensor.data, new Uint16Array(size)), dims);
    throw new TypeError(`unexpected data of ${type} cache`);
  }

  #empty(): Record<string, Ort.Tensor> {
    const { Tensor } = this.#backend.runtime.ort;
    return Object.fromEntries(
      this.#inputs.map(({ past, type, heads, headDim }) => {
        const dims = [1, heads, 0, headDim];
        return [
          past,
          type === 'float32' ? new Tensor(type, new Float32Array(0), dims) : new Tensor(type, new Uint16Array(0), dims),
        ];
      }),
    );
  }
}
