/**
 * Bytes that somebody else holds: a file on disk, a `Blob`, an HTTP range.
 * `core` does no I/O; it is handed one of these.
 */
export interface ByteSource {
  /** What to call it in an error message: a file name or a URL. */
  readonly name: string;
  /** Total length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects when the source is shorter. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The part of the DOM's `Blob` and `File` that `core` needs to name. */
export interface BlobLike {
  readonly size: number;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}
