/** A file that arrives, from its beginning to its end. */
export interface Sink {
  /** Bytes that are there. */
  readonly length: number;
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** @param length not more than is there */
  truncate(length: number): void;
}

/** Pieces become Blobs at once: the browser keeps those outside the JavaScript heap. */
export class MemorySink implements Sink {
  #pieces: { blob: Blob; end: number }[] = [];

  get length(): number {
    return this.#pieces.at(-1)?.end ?? 0;
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    this.#pieces.push({ blob: new Blob([bytes]), end: this.length + bytes.byteLength });
  }

  /** To a length at which a piece ends. */
  truncate(length: number): void {
    this.#pieces = this.#pieces.filter(({ end }) => end <= length);
    if (this.length !== length) throw new Error(`no piece ends at ${length}`);
  }

  blob(): Blob {
    return new Blob(this.#pieces.map(({ blob }) => blob));
  }
}
