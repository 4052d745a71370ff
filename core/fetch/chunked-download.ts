/**
 * Downloads one file of known length in chunks, over several connections. Each chunk is checked and kept as it arrives; one that is
 * wrong is fetched again alone.
 */
import { FailureError } from '../failure.ts';
import { ChunkQueue, type Run } from './chunk-queue.ts';
import { ChunkStream, type Piece } from './chunk-stream.ts';
import type { ChunkedDownload } from './chunked-job.ts';
import { allocate, tooLarge } from './fetch-file.ts';
import type { Network } from './network.ts';
import { ATTEMPTS, pause, retryPause } from './retry.ts';

/** Requests for one file at once; most servers and browsers allow six to a host. */
export const CONNECTIONS = 4;
/** Chunks in memory, all connections together: one that fills and one that is checked each. */
const BUFFER_BYTES = 64 * 2 ** 20;
/** How often a chunk that fails its check is asked for. */
const CHUNK_ATTEMPTS = 3;

/**
 * Returns when the target has every chunk.
 * @throws FailureError offline, network, cut-off, gated, file-missing, rate-limited, server-error, too-large, out-of-memory;
 *   hash-mismatch and wrong-length if the server's file is another one; OtherVersionError; what the target throws; the signal's
 *   reason when aborted. Chunks that the target took stay valid.
 */
export async function downloadChunks(network: Network, job: ChunkedDownload): Promise<void> {
  if (job.size > job.limit) throw tooLarge(job, job.size);
  await new ChunkedTransfer(network, job).run();
}

class ChunkedTransfer {
  readonly #network: Network;
  readonly #job: ChunkedDownload;
  readonly #queue: ChunkQueue;
  readonly #stop = new AbortController();
  /** Ends all connections: when one fails, or the caller stops. */
  readonly #signal: AbortSignal;
  readonly #connections: Promise<void>[] = [];
  readonly #refused = new Map<number, number>();
  /** Bytes of chunks at hand. */
  #kept = 0;
  /** Bytes of whole chunks that the target has not answered for. */
  #inCheck = 0;
  /** Unfinished chunks, one a connection. */
  readonly #pieces = new Set<Piece>();

  constructor(network: Network, job: ChunkedDownload) {
    this.#network = network;
    this.#job = job;
    const { target, size, chunkSize, signal } = job;
    const count = Math.ceil(size / chunkSize);
    for (let index = 0; index < count; index++) if (target.has(index)) this.#kept += this.#lengthOf(index);
    this.#queue = new ChunkQueue(count, chunkSize, CONNECTIONS, (index) => target.has(index));
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
  }

  async run(): Promise<void> {
    this.#signal.throwIfAborted();
    // So that the total is known while others of its package are fetched first.
    this.#report();
    // The first response shows whether the server has ranges; then the others connect.
    this.#connect();
    // Each of them ends before this does: nothing reaches the target afterwards.
    for (let at = 0; at < this.#connections.length; at++) await this.#connections[at]?.catch(() => undefined);
    await Promise.all(this.#connections);
    this.#report();
  }

  #connect(): void {
    const connection = this.#fetchRuns();
    // All of them are awaited in turn; until then a rejection is not unhandled.
    connection.catch((error: unknown) => this.#stop.abort(error));
    this.#connections.push(connection);
  }

  #onRanges(): void {
    const most = Math.min(CONNECTIONS, Math.floor(BUFFER_BYTES / (2 * this.#job.chunkSize)));
    while (this.#connections.length < most) this.#connect();
  }

  async #fetchRuns(): Promise<void> {
    const piece: Piece = { index: -1, filled: 0, bytes: allocate(0) };
    this.#pieces.add(piece);
    try {
      for (let run = this.#queue.take(); run; run = this.#queue.take()) {
        const next = run;
        await this.#job.slots.use(() => this.#fetchRun(next, piece), this.#signal);
      }
    } finally {
      this.#pieces.delete(piece);
    }
  }

  async #fetchRun(run: Run, piece: Piece): Promise<void> {
    piece.filled = 0;
    for (let failures = 0; ;) {
      this.#signal.throwIfAborted();
      // They came in a whole file that was sent in place of a range.
      while (piece.filled === 0 && run.next < run.end && this.#job.target.has(run.next)) run.next++;
      const before = this.#kept + piece.filled;
      const stream = new ChunkStream(this.#network, this.#job, run, piece, this.#signal, {
        arrived: () => this.#report(),
        ranges: () => this.#onRanges(),
        take: (index, bytes) => this.#take(index, bytes),
      });
      try {
        return await stream.read();
      } catch (error) {
        this.#signal.throwIfAborted();
        failures = this.#kept + piece.filled > before ? 0 : failures + 1;
        const wait = error instanceof FailureError ? retryPause(this.#network, error, failures) : undefined;
        if (wait === undefined || failures === ATTEMPTS) throw error;
        await pause(wait, this.#signal);
      }
    }
  }

  async #take(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const isKnown = this.#job.target.has(index);
    this.#inCheck += bytes.length;
    const isRight = await this.#job.target.take(index, bytes);
    this.#inCheck -= bytes.length;
    if (isRight) {
      if (!isKnown) this.#kept += bytes.length;
      return;
    }
    const refused = (this.#refused.get(index) ?? 0) + 1;
    this.#refused.set(index, refused);
    if (refused === CHUNK_ATTEMPTS) throw new FailureError('hash-mismatch', { file: this.#job.file });
    this.#queue.again(index);
  }

  #lengthOf(index: number): number {
    const { size, chunkSize } = this.#job;
    return Math.min(chunkSize, size - index * chunkSize);
  }

  #report(): void {
    const { progress, file, size } = this.#job;
    const partial = [...this.#pieces].reduce((sum, { filled }) => sum + filled, 0);
    progress?.(file, Math.min(size, this.#kept + this.#inCheck + partial), size);
  }
}
