/** A download in chunks: what it is told, and where its chunks go. */
import type { FileRequest } from './fetch-file.ts';
import type { Slots } from './slots.ts';

/** Receives the chunks of a file in any order. */
export interface ChunkTarget {
  /** True if the chunk is at hand. */
  has(index: number): boolean;
  /**
   * Checks a whole chunk and keeps it.
   * @param bytes valid until the promise resolves
   * @returns false if these are not the bytes of the chunk
   */
  take(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

export interface ChunkedDownload extends FileRequest {
  target: ChunkTarget;
  /** Bytes of the file. */
  size: number;
  /** Bytes of a chunk; the last one is shorter. */
  chunkSize: number;
  /**
   * Version that every response must have (see `versionOf`), where the target cannot tell wrong bytes from right ones. Undefined
   * where it can.
   */
  version: string | undefined;
  /** Limits the requests that run at once, together with those of other files. */
  slots: Slots;
}

/** The server has another version of the file than the one that was begun. */
export class OtherVersionError extends Error {}
