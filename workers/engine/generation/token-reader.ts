/** Reads the greedy choice back from the device while the next step already runs. */
import type { Backend } from '../model/backend.ts';

export class TokenReader {
  readonly #backend: Backend;
  readonly #source: () => GPUBuffer | undefined;
  /** Two, because the next copy is queued before the last one is read. */
  readonly #staging: GPUBuffer[];
  #turn = 0;

  /** @param source the buffer of the newest token */
  constructor(backend: Backend, source: () => GPUBuffer | undefined) {
    const { gpu } = backend;
    if (!gpu) throw new TypeError('a token reader needs a GPU');
    this.#backend = backend;
    this.#source = source;
    this.#staging = [0, 1].map((index) =>
      gpu.ledger.createBuffer('scratch', {
        label: `next_token/staging/${index}`,
        size: 8,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      }),
    );
  }

  /** Queues a copy of the token as it is after the work queued so far; the promise gives it. */
  read(): Promise<number> {
    const { gpu } = this.#backend;
    const staging = this.#staging[this.#turn];
    const source = this.#source();
    if (!gpu || !staging || !source) throw new TypeError('a token reader needs a GPU');
    this.#turn = (this.#turn + 1) % this.#staging.length;
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, staging, 0, 8);
    gpu.device.queue.submit([encoder.finish()]);
    const mapped = staging.mapAsync(GPUMapMode.READ).then(() => {
      // The provider writes an int64 as two words, the low one first.
      const token = new Uint32Array(staging.getMappedRange())[0] ?? 0;
      staging.unmap();
      return token;
    });
    return this.#backend.guard(mapped);
  }

  dispose(): void {
    for (const buffer of this.#staging) buffer.destroy();
  }
}
