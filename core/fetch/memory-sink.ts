/** Receives a file from the beginning to the end. */
export interface Sink {
  /** Bytes received so far. */
  readonly length: number;
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** @param length at most the current length */
  truncate(length: number): void;
}

/** Converts pieces to Blobs immediately, since the browser stores Blobs outside the JavaScript heap. */
export class MemorySink implements Sink {
  #pieces: { blob: Blob; end: number }[] = [];

  get length(): number {
    return this.#pieces.at(-1)?.end ?? 0;
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    this.#pieces.push({ blob: new Blob([bytes]), end: this.length + bytes.byteLength });
  }

  /** @param length must be the end of a piece */
  truncate(length: number): void {
    this.#pieces = this.#pieces.filter(({ end }) => end <= length);
    if (this.length !== length) throw new Error(`no piece ends at ${length}`);
  }

  blob(): Blob {
    return new Blob(this.#pieces.map(({ blob }) => blob));
  }
}
