/**
 * Counts the GPU buffers of a device by what they are for. ONNX Runtime's C++ provider makes its buffers through the
 * same JavaScript object and frees them with `destroy()`, so its buffers are counted too.
 */
import { GPU_PURPOSES, type GpuPurpose } from '#core/budget/gpu-purpose.ts';
import type { Bytes, GpuPeak } from '#core/protocol/stats.ts';

export class GpuLedger {
  readonly #live = byPurpose(() => 0);
  readonly #peaks = byPurpose(() => 0);
  #peak = 0;
  #buffers = 0;
  #purpose: GpuPurpose = 'scratch';
  readonly #create: (descriptor: GPUBufferDescriptor) => GPUBuffer;

  /** Takes over `device.createBuffer`; one ledger per device, before the first buffer. */
  constructor(device: GPUDevice) {
    this.#create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => this.createBuffer(this.#purpose, descriptor);
  }

  /**
   * Buffers made before `work` settles count under `purpose`, those of the runtime too; other buffers count as 'scratch'.
   * Calls must not overlap. A buffer that the runtime keeps for reuse stays under its first purpose.
   */
  async during<T>(purpose: GpuPurpose, work: () => Promise<T>): Promise<T> {
    const before = this.#purpose;
    this.#purpose = purpose;
    try {
      return await work();
    } finally {
      this.#purpose = before;
    }
  }

  /** A buffer of our own, counted under `purpose` also inside `during`. */
  createBuffer(purpose: GpuPurpose, descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = this.#create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    let live = true;
    this.#count(purpose, descriptor.size, 1);
    buffer.destroy = () => {
      if (live) this.#count(purpose, -descriptor.size, -1);
      live = false;
      destroy();
    };
    return buffer;
  }

  #count(purpose: GpuPurpose, bytes: number, buffers: number): void {
    this.#live[purpose] += bytes;
    this.#buffers += buffers;
    this.#peak = Math.max(this.#peak, this.bytes);
    this.#peaks[purpose] = Math.max(this.#peaks[purpose], this.#live[purpose]);
  }

  /** Live bytes by purpose: requested sizes, without the driver's overhead. */
  gpu(): Record<GpuPurpose, Bytes> {
    return byPurpose((purpose) => ({ bytes: this.#live[purpose], how: 'measured' }));
  }

  /** Live bytes of all purposes. */
  get bytes(): number {
    return GPU_PURPOSES.reduce((sum, purpose) => sum + this.#live[purpose], 0);
  }

  /** The most that was live at one time since the last `resetPeak`. */
  get peak(): GpuPeak {
    return { total: this.#peak, byPurpose: { ...this.#peaks } };
  }

  /** Live buffers of all purposes. */
  get buffers(): number {
    return this.#buffers;
  }

  resetPeak(): void {
    this.#peak = this.bytes;
    Object.assign(this.#peaks, this.#live);
  }
}

function byPurpose<Value>(valueOf: (purpose: GpuPurpose) => Value): Record<GpuPurpose, Value> {
  return {
    weights: valueOf('weights'),
    vision: valueOf('vision'),
    lora: valueOf('lora'),
    kv: valueOf('kv'),
    images: valueOf('images'),
    scratch: valueOf('scratch'),
  };
}
