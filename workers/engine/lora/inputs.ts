/** lora_A and lora_B of the applied adapters, multiplied by their strengths, as inputs of the decoder's session. */
import type * as Ort from 'onnxruntime-web';
import type { Adapter } from '#core/lora/adapter.ts';
import { rankOf, stackA, stackB } from '#core/lora/stack.ts';
import type { LoraBranch } from '#core/onnx/patch/lora-branches.ts';
import { encodeHalf } from '#core/safetensors/dtype.ts';
import { gpuTensor, type Backend } from '../model/backend.ts';
import type { ExtraInputs } from '../model/decoder.ts';

type Type = LoraBranch['type'];

export class LoraInputs implements ExtraInputs {
  readonly #backend: Backend;
  readonly #branches: readonly LoraBranch[];
  readonly #adapters: readonly Adapter[];
  readonly #tensors: Record<string, Ort.Tensor> = {};
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Strengths that are not yet written into the tensors. */
  #pending: readonly number[] | undefined;

  /**
   * @param branches of the session, at least one
   * @param adapters at least one: a product of rank 0 crashes the runtime
   * @param strengths one for each adapter
   */
  constructor(
    backend: Backend,
    branches: readonly LoraBranch[],
    adapters: readonly Adapter[],
    strengths: readonly number[],
  ) {
    if (branches.length === 0 || adapters.length === 0)
      throw new TypeError('at least one branch and one adapter are needed');
    this.#backend = backend;
    this.#branches = branches;
    this.#adapters = adapters;
    for (const branch of branches)
      this.#put(branch.a, branch.type, stackA(branch, adapters), [branch.inputs, rankOf(adapters)]);
    this.#putStrengths(strengths);
  }

  /** Takes effect at the next run. */
  setStrengths(strengths: readonly number[]): void {
    this.#pending = strengths;
  }

  feeds(): Record<string, Ort.Tensor> {
    const strengths = this.#pending;
    this.#pending = undefined;
    // Written right before a run and not when they change: all layers of a run must have the same strengths.
    if (strengths) this.#putStrengths(strengths);
    return this.#tensors;
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }

  /** The strengths are multiplied into B, so that the graph needs no product for them. */
  #putStrengths(strengths: readonly number[]): void {
    for (const branch of this.#branches)
      this.#put(branch.b, branch.type, stackB(branch, this.#adapters, strengths), [
        rankOf(this.#adapters),
        branch.outputs,
      ]);
  }

  #put(name: string, type: Type, floats: Float32Array<ArrayBuffer>, dims: readonly number[]): void {
    const { gpu, runtime } = this.#backend;
    const values = stored(floats, type);
    if (!gpu) {
      const { Tensor } = runtime.ort;
      this.#tensors[name] =
        values instanceof Float32Array ? new Tensor('float32', values, dims) : new Tensor('float16', values, dims);
      return;
    }
    let buffer = this.#buffers.get(name);
    if (!buffer) {
      buffer = gpu.ledger.createBuffer('lora', {
        label: name,
        size: Math.ceil(values.byteLength / 16) * 16,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      this.#buffers.set(name, buffer);
      this.#tensors[name] = gpuTensor(this.#backend, buffer, type, dims);
    }
    // The queue keeps the order: runs that were queued before still read the old values.
    gpu.device.queue.writeBuffer(buffer, 0, padded(values));
  }
}

function stored(floats: Float32Array<ArrayBuffer>, type: Type): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  if (type === 'float32') return floats;
  const half = new Uint16Array(floats.length);
  encodeHalf(floats, half);
  return half;
}

/** The byte length of a GPU write must be a multiple of 4. */
function padded(values: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>) {
  if (values.byteLength % 4 === 0) return values;
  const whole = new Uint16Array(values.length + 1);
  whole.set(values);
  return whole;
}
