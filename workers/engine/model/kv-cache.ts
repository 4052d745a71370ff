/**
 * The KV cache. Layout of one tensor: [1, keyValueHeads, positions, headDim], position p at row p.
 *
 * On the GPU it is kept in buffers of the full context length, which are both input and output of a run
 * (GroupQueryAttention then writes new rows in place). If the graph cannot do that, each run returns a new, longer cache.
 */
import type * as Ort from 'onnxruntime-web';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { allGraphs, consumers, mainGraph } from '#core/onnx/model.ts';
import { gpuTensor, type Backend } from './backend.ts';

export interface KvCache {
  /** Positions it can hold. */
  readonly capacity: number;
  /** True if `truncate` can keep the first positions, at no cost. */
  readonly canTruncate: boolean;
  /** Tokens that the next run can have at most, as far as the cache limits them. */
  readonly longestRun: number;
  feeds(): Record<string, Ort.Tensor>;
  /** Tensors to be written by the run; null lets the runtime allocate. */
  fetches(): Record<string, Ort.Tensor | null>;
  /** Takes over the outputs of a run. */
  accept(outputs: Ort.InferenceSession.ReturnType): void;
  /** Keeps the first `length` positions. @returns false if all of them had to be dropped */
  truncate(length: number): boolean;
  dispose(): void;
}

/** Name, type and shape of one cache input, read from the graph. */
export interface KvInput {
  past: string;
  present: string;
  type: 'float32' | 'float16';
  heads: number;
  headDim: number;
}

/** The cache inputs of a decoder in the transformers.js layout, in the order of the graph. */
export function kvInputs(model: ModelProto): KvInput[] {
  const inputs: KvInput[] = [];
  for (const { name, type } of mainGraph(model).input) {
    if (!name.startsWith('past_key_values.') || type?.value.case !== 'tensorType') continue;
    const { elemType, shape } = type.value.value;
    const size = (index: number) => {
      const dim = shape?.dim[index]?.value;
      return dim?.case === 'dimValue' ? Number(dim.value) : 0;
    };
    inputs.push({
      past: name,
      present: name.replace('past_key_values.', 'present.'),
      type: elemType === 10 ? 'float16' : 'float32',
      heads: size(1),
      headDim: size(3),
    });
  }
  return inputs;
}

/** True when GroupQueryAttention alone reads the cache, as its third and fourth inputs. */
export function canBeStatic(model: ModelProto): boolean {
  const graph = mainGraph(model);
  const isStatic = kvInputs(model).every(({ past }) => {
    const readers = [...consumers(graph, past)];
    return readers.length > 0 && readers.every(({ node }) => node.opType === 'GroupQueryAttention');
  });
  return (
    isStatic && [...allGraphs(graph)].some((part) => part.node.some(({ opType }) => opType === 'GroupQueryAttention'))
  );
}

export class StaticKvCache implements KvCache {
  readonly capacity: number;
  readonly canTruncate = true;
  readonly longestRun = Infinity;
  readonly #buffers: GPUBuffer[] = [];
  readonly #past: Record<string, Ort.Tensor> = {};
  readonly #present: Record<string, Ort.Tensor> = {};

  constructor(backend: Backend, inputs: readonly KvInput[], capacity: number) {
    this.capacity = capacity;
    const gpu = backend.gpu;
    if (!gpu) throw new TypeError('a static KV cache needs a GPU');
    for (const input of inputs) {
      const elements = input.heads * capacity * input.headDim;
      const buffer = gpu.ledger.createBuffer('kv', {
        label: input.past,
        size: Math.ceil((elements * (input.type === 'float16' ? 2 : 4)) / 16) * 16,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
      this.#buffers.push(buffer);
      const dims = [1, input.heads, capacity, input.headDim];
      this.#past[input.past] = gpuTensor(backend, buffer, input.type, dims);
      this.#present[input.present] = gpuTensor(backend, buffer, input.type, dims);
    }
  }

  feeds(): Record<string, Ort.Tensor> {
    return this.#past;
  }

  fetches(): Record<string, Ort.Tensor> {
    return this.#present;
  }

  accept(): void {
    // The run wrote into our buffers.
  }

  truncate(): boolean {
    // Rows past the length are never read: the mask's length says how many there are.
    return true;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

export class GrowingKvCache implements KvCache {
  readonly capacity: number;
  readonly canTruncate = false;
  readonly longestRun = Infinity;
  readonly #inputs: readonly KvInput[];
  readonly #backend: Backend;
  #tensors: Record<string, Ort.Tensor>;
  #length = 0;

  constructor(backend: Backend, inputs: readonly KvInput[], capacity: number) {
    this.#backend = backend;
    this.#inputs = inputs;
    this.capacity = capacity;
    this.#tensors = this.#empty();
  }

  feeds(): Record<string, Ort.Tensor> {
    return this.#tensors;
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
      this.#length = tensor.dims[2] ?? 0;
    }
    for (const tensor of Object.values(old)) tensor.dispose();
  }

  truncate(length: number): boolean {
    if (length === this.#length) return true;
    if (this.#backend.gpu || length === 0) {
      this.dispose();
      this.#tensors = this.#empty();
      this.#length = 0;
      return length === 0;
    }
    for (const input of this.#inputs) {
      const tensor = this.#tensors[input.past];
      if (tensor) this.#tensors[input.past] = this.#cut(tensor, input, length);
    }
    this.#length = length;
    return true;
  }

  dispose(): void {
    for (const tensor of Object.values(this.#tensors)) tensor.dispose();
  }

  /** The first `length` rows of every head, on the CPU. */
  #cut(tensor: Ort.Tensor, { heads, headDim, type }: KvInput, length: number): Ort.Tensor {
    const { Tensor } = this.#backend.runtime.ort;
    const dims = [1, heads, length, headDim];
    const copy = <T extends Float32Array | Uint16Array>(from: T, to: T): T => {
      const row = this.#length * headDim;
      for (let head = 0; head < heads; head++)
        to.set(from.subarray(head * row, head * row + length * headDim), head * length * headDim);
      return to;
    };
    const size = heads * length * headDim;
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
