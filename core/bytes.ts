/**
 * Random access to bytes: a file on disk, a `Blob`, an HTTP range.
 * `core` does no I/O itself; callers pass an implementation.
 */
export interface ByteSource {
  /** Name for error messages: a file name or a URL. */
  readonly name: string;
  /** Total length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects when the source is shorter. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The part of the DOM's `Blob` and `File` that `core` uses. */
export interface BlobLike {
  readonly size: number;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** One character a byte, for patterns over bytes. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
