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

/** The parts, one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Text of UTF-16 code units. */
export function textOfUnits(units: Uint16Array): string {
  let text = '';
  // In parts, since the number of arguments is limited.
  for (let at = 0; at < units.length; at += 4096) text += String.fromCharCode(...units.subarray(at, at + 4096));
  return text;
}
