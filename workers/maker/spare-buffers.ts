/** Buffers that go round between reading and quantizing: a fresh one costs more processor time than copying into it, since its memory is cleared. */
export class SpareBuffers {
  readonly #spare: ArrayBuffer[] = [];

  /** @param bytes of each @param most that are kept */
  constructor(
    readonly bytes: number,
    private readonly most: number,
  ) {}

  take(): ArrayBuffer {
    return this.#spare.pop() ?? new ArrayBuffer(this.bytes);
  }

  /** Others than its own are let go. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.bytes && this.#spare.length < this.most) this.#spare.push(buffer);
  }
}
