import type { ByteSource } from './bytes.ts';

/** Bytes in memory as a ByteSource. */
export class MemorySource implements ByteSource {
  readonly size: number;

  constructor(
    readonly name: string,
    private readonly bytes: Uint8Array,
  ) {
    this.size = bytes.byteLength;
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      return Promise.reject(
        new Error(`${this.name}: ${length} bytes requested at ${offset}, the file has ${this.size}`),
      );
    }
    const copy = new Uint8Array(length);
    copy.set(this.bytes.subarray(offset, offset + length));
    return Promise.resolve(copy);
  }
}
