/** One request for a run of chunks, and the reading of its response. */
import { FailureError } from '../failure.ts';
import { bodyReader } from './body-reader.ts';
import { OtherVersionError, type ChunkedDownload } from './chunked-job.ts';
import type { Run } from './chunk-queue.ts';
import { allocate } from './fetch-file.ts';
import {
  checkResponse,
  connectionFailure,
  discardBody,
  send,
  StallWatch,
  versionOf,
  type HttpResponse,
  type Network,
} from './network.ts';
import { bodyStart, lengthOfFile, lengthOfUnsatisfied } from './response-range.ts';

/** The chunk that a connection is filling. It outlives a broken connection: the next request asks for its rest. */
export interface Piece {
  index: number;
  filled: number;
  bytes: Uint8Array<ArrayBuffer>;
}

interface Listener {
  /** Bytes were added to the piece. */
  arrived(): void;
  /** The server answered with a range. */
  ranges(): void;
  /** A whole chunk is there; `bytes` is left alone until the promise resolves. */
  take(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

export class ChunkStream {
  readonly #network: Network;
  readonly #job: ChunkedDownload;
  readonly #run: Run;
  readonly #piece: Piece;
  readonly #signal: AbortSignal;
  readonly #listener: Listener;
  /** The chunk before the one that fills is checked meanwhile. */
  #checking: Promise<void> = Promise.resolve();
  #spare: Uint8Array<ArrayBuffer> | undefined;

  /** @param run shortened from its beginning as chunks are complete */
  constructor(network: Network, job: ChunkedDownload, run: Run, piece: Piece, signal: AbortSignal, listener: Listener) {
    this.#network = network;
    this.#job = job;
    this.#run = run;
    this.#piece = piece;
    this.#signal = signal;
    this.#listener = listener;
  }

  /** Returns when every chunk of the run was taken. */
  async read(): Promise<void> {
    const { url, file, size, chunkSize, cache } = this.#job;
    const from = this.#run.next * chunkSize + this.#piece.filled;
    const to = Math.min(this.#run.end * chunkSize, size);
    // A chunk can be complete although the connection broke before that was noted.
    if (from >= to) return;
    const watch = new StallWatch(this.#network, url, this.#signal);
    try {
      const headers = from === 0 && to === size ? {} : this.#rangeHeaders(from, to);
      const response = await send(this.#network, url, { signal: watch.signal, cache: cache ?? 'default', headers });
      watch.renew();
      if (response.status === 416) {
        discardBody(response);
        const bytes = lengthOfUnsatisfied(response);
        if (bytes !== undefined) throw wrongLength(this.#job, bytes);
        throw new FailureError('network', { url, reason: 'HTTP 416', status: 416 });
      }
      checkResponse(this.#network, response, url, file);
      const at = this.#check(response, from);
      if (response.status === 206) this.#listener.ranges();
      try {
        await this.#readBody(response, watch, at);
      } finally {
        await this.#checking;
      }
    } finally {
      watch.end();
    }
  }

  #rangeHeaders(from: number, to: number): Record<string, string> {
    const { url, version } = this.#job;
    const range = { Range: `bytes=${from}-${to - 1}` };
    // Last-Modified, and a weak ETag, do not tell bytes from bytes. Other origins would be asked for permission first.
    const isStrong = version?.startsWith('"') === true;
    return isStrong && this.#network.isSameOrigin?.(url) === true ? { ...range, 'If-Range': version } : range;
  }

  /** @returns the place of the body's first byte in the file */
  #check(response: HttpResponse, from: number): number {
    const { url, size, version } = this.#job;
    const refuse = (error: Error) => {
      discardBody(response);
      return error;
    };
    if (version !== undefined && versionOf(response) !== version)
      throw refuse(new OtherVersionError(`${url} is no longer ${version}`));
    const total = lengthOfFile(response);
    if (total !== undefined && total !== size) throw refuse(wrongLength(this.#job, total));
    const start = bodyStart(response, from);
    if (start !== 0 && start !== from)
      throw refuse(new FailureError('network', { url, reason: `byte ${start} came in place of byte ${from}` }));
    // A server without range support sends the whole file.
    if (start !== from) this.#piece.filled = 0;
    return start;
  }

  async #readBody(response: HttpResponse, watch: StallWatch, start: number): Promise<void> {
    const { url, file, size, chunkSize, target } = this.#job;
    const end = response.status === 206 ? Math.min(this.#run.end * chunkSize, size) : size;
    const reader = bodyReader(response.body);
    let at = start;
    const cutOff = () => new FailureError('cut-off', { file, bytes: at, total: size });
    try {
      while (at < end) {
        let bytes: Uint8Array<ArrayBuffer> | undefined;
        try {
          // Only the network is waited for against the clock, not the hash and the disk.
          watch.renew();
          bytes = await reader?.read();
        } catch (cause) {
          // On a stall or an abort the signal has the reason; runtimes throw different errors.
          watch.signal.throwIfAborted();
          const failure = connectionFailure(this.#network, url, cause);
          throw failure.code === 'network' && at > start ? cutOff() : failure;
        }
        watch.end();
        if (!bytes) throw cutOff();
        if (at + bytes.length > size) throw wrongLength(this.#job, at + bytes.length);
        // Of a whole file that came in place of a range, some chunks are known.
        for (let rest = bytes.subarray(0, end - at); rest.length > 0;) {
          const index = Math.floor(at / chunkSize);
          const chunkEnd = Math.min((index + 1) * chunkSize, size);
          const part = rest.subarray(0, chunkEnd - at);
          if (this.#piece.filled > 0 || !target.has(index)) this.#fill(index, part, chunkEnd - index * chunkSize);
          at += part.length;
          rest = rest.subarray(part.length);
          if (at === chunkEnd && this.#piece.filled > 0) await this.#complete();
        }
        this.#signal.throwIfAborted();
        this.#listener.arrived();
      }
    } finally {
      void reader?.cancel().catch(() => undefined);
    }
  }

  #fill(index: number, part: Uint8Array<ArrayBuffer>, length: number): void {
    const piece = this.#piece;
    if (piece.filled === 0) {
      piece.index = index;
      if (piece.bytes.length < length) piece.bytes = allocate(length);
    }
    piece.bytes.set(part, piece.filled);
    piece.filled += part.length;
  }

  /** Hands the full piece on, and fills another buffer while it is checked. */
  async #complete(): Promise<void> {
    const { index, bytes, filled } = this.#piece;
    await this.#checking;
    this.#piece.bytes = this.#spare ?? allocate(0);
    this.#piece.filled = 0;
    if (index === this.#run.next) this.#run.next++;
    this.#checking = this.#listener.take(index, bytes.subarray(0, filled)).then(() => {
      this.#spare = bytes;
    });
    // Awaited before the next chunk, and at the end.
    this.#checking.catch(() => undefined);
  }
}

function wrongLength({ file, size }: ChunkedDownload, bytes: number): FailureError {
  return new FailureError('wrong-length', { file, bytes, expected: size });
}
