/** A, B and the strengths of the adapters that stand beside the decoder, as inputs of its session. */
import type * as Ort from 'onnxruntime-web';
import type { Adapter } from '#core/lora/adapter.ts';
import { stack, strengthsOf } from '#core/lora/stack.ts';
import { loraStrengths, type LoraSlot } from '#core/onnx/patch/loraSlots.ts';
import { encodeHalf } from '#core/safetensors/dtype.ts';
import { gpuTensor, type Backend } from '../model/backend.ts';
import type { ExtraInputs } from '../model/decoder.ts';

type Type = LoraSlot['type'];

export class LoraInputs implements ExtraInputs {
  readonly #backend: Backend;
  readonly #adapters: readonly Adapter[];
  readonly #type: Type;
  readonly #tensors: Record<string, Ort.Tensor> = {};
  readonly #buffers: GPUBuffer[] = [];
  readonly #strengthsBuffer: GPUBuffer | undefined;
  /** Not yet where the session reads them. */
  #pending: readonly number[] | undefined;

  /**
   * @param slots of the session, at least one
   * @param adapters at least one: a product of rank 0 ends the runtime
   * @param strengths one for each adapter
   */
  constructor(
    backend: Backend,
    slots: readonly LoraSlot[],
    adapters: readonly Adapter[],
    strengths: readonly number[],
  ) {
    const [first] = slots;
    if (!first || adapters.length === 0) throw new TypeError('neither slots nor adapters may be missing');
    this.#backend = backend;
    this.#adapters = adapters;
    this.#type = first.type;
    const ranks = strengthsOf(adapters, strengths);
    for (const slot of slots) {
      const { a, b } = stack(slot, adapters);
      this.#add(slot.a, slot.type, a, [slot.inputs, ranks.length]);
      this.#add(slot.b, slot.type, b, [ranks.length, slot.outputs]);
    }
    this.#strengthsBuffer = this.#add(loraStrengths, this.#type, ranks, [ranks.length]);
  }

  /** In force from the next run on. */
  setStrengths(strengths: readonly number[]): void {
    this.#pending = strengths;
  }

  feeds(): Record<string, Ort.Tensor> {
    const strengths = this.#pending;
    this.#pending = undefined;
    // Not when they change but here: a run that was begun must not see half of its layers with other ones.
    if (strengths) this.#write(strengthsOf(this.#adapters, strengths));
    return this.#tensors;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #write(ranks: Float32Array<ArrayBuffer>): void {
    const { gpu } = this.#backend;
    const values = stored(ranks, this.#type);
    // The queue keeps the order: runs that were queued before still read the old ones.
    if (gpu && this.#strengthsBuffer) gpu.device.queue.writeBuffer(this.#strengthsBuffer, 0, padded(values));
    else this.#tensors[loraStrengths] = this.#onCpu(values, [ranks.length]);
  }

  #add(name: string, type: Type, floats: Float32Array<ArrayBuffer>, dims: readonly number[]): GPUBuffer | undefined {
    const { gpu } = this.#backend;
    const values = stored(floats, type);
    if (!gpu) {
      this.#tensors[name] = this.#onCpu(values, dims);
      return undefined;
    }
    const buffer = gpu.ledger.createBuffer('weights', {
      label: name,
      size: Math.ceil(values.byteLength / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    this.#buffers.push(buffer);
    gpu.device.queue.writeBuffer(buffer, 0, padded(values));
    this.#tensors[name] = gpuTensor(this.#backend, buffer, type, dims);
    return buffer;
  }

  #onCpu(values: Float32Array | Uint16Array, dims: readonly number[]): Ort.Tensor {
    const { Tensor } = this.#backend.runtime.ort;
    return values instanceof Float32Array ? new Tensor('float32', values, dims) : new Tensor('float16', values, dims);
  }
}

function stored(floats: Float32Array<ArrayBuffer>, type: Type): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  if (type === 'float32') return floats;
  const half = new Uint16Array(floats.length);
  encodeHalf(floats, half);
  return half;
}

/** Writes are of whole words. */
function padded(values: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>) {
  if (values.byteLength % 4 === 0) return values;
  const whole = new Uint16Array(values.length + 1);
  whole.set(values);
  return whole;
}
