import type { ProbedMemory } from './probe.ts';

/** Buffers on a device of the probe's own. */
export class GpuMemory implements ProbedMemory {
  readonly maxPiece: number;
  readonly #device: GPUDevice;
  readonly #lost: Promise<'lost'>;
  readonly #buffers: GPUBuffer[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
    this.maxPiece = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
    this.#lost = device.lost.then(() => 'lost');
  }

  async take(bytes: number): Promise<number | 'refused' | 'lost'> {
    return Promise.race([this.#take(bytes), this.#lost]);
  }

  /** Gives back what was taken. */
  release(): void {
    for (const buffer of this.#buffers.splice(0)) buffer.destroy();
  }

  async #take(bytes: number): Promise<number | 'refused'> {
    const device = this.#device;
    device.pushErrorScope('out-of-memory');
    const buffer = device.createBuffer({
      label: 'probe',
      size: bytes,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    if (await device.popErrorScope()) {
      buffer.destroy();
      return 'refused';
    }
    this.#buffers.push(buffer);
    // A buffer that was never written need not have memory.
    device.pushErrorScope('out-of-memory');
    const encoder = device.createCommandEncoder();
    encoder.clearBuffer(buffer);
    const begin = performance.now();
    device.queue.submit([encoder.finish()]);
    const problem = await device.popErrorScope();
    await device.queue.onSubmittedWorkDone();
    const milliseconds = performance.now() - begin;
    if (!problem) return milliseconds;
    this.#buffers.pop()?.destroy();
    return 'refused';
  }
}
