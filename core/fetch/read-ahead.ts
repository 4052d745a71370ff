/** Reads files on a server in an order that is known before, several ranges at a time, and holds no more than a few of them. */
import type { Network } from './network.ts';
import { fetchRange, type RemoteFile } from './range.ts';
import { Slots } from './slots.ts';

/** Part of a file, from `begin` up to, not including, `end`. */
export interface FileRange {
  remote: RemoteFile;
  begin: number;
  end: number;
}

export interface ReadAheadOptions {
  /** Bytes of one request. */
  pieceBytes?: number;
  /** Requests at once. */
  connections?: number;
  /** Bytes that are on their way or wait to be read. */
  aheadBytes?: number;
  /** Called with the number of bytes of each piece that arrives. */
  onBytes?: (bytes: number) => void;
  /** A buffer for so many bytes, which may be longer; undefined: a fresh one. */
  bufferFor?: (bytes: number) => ArrayBuffer | undefined;
}

interface Piece extends FileRange {
  bytes?: Promise<Uint8Array<ArrayBuffer>>;
}

/** Six connections are what browsers open to a host. */
const DEFAULTS = { pieceBytes: 8 * 2 ** 20, connections: 6, aheadBytes: 48 * 2 ** 20 };

export class ReadAhead {
  readonly #network: Network;
  readonly #signal: AbortSignal;
  readonly #options: Required<ReadAheadOptions>;
  readonly #slots: Slots;
  /** In the order of reading; those that were read are dropped. */
  #pieces: Piece[] = [];

  constructor(network: Network, signal: AbortSignal, options: ReadAheadOptions = {}) {
    this.#network = network;
    this.#signal = signal;
    this.#options = { ...DEFAULTS, onBytes: () => undefined, bufferFor: () => undefined, ...options };
    this.#slots = new Slots(this.#options.connections);
  }

  /** What will be read next, in this order; replaces what was expected before. */
  expect(ranges: readonly FileRange[]): void {
    const { pieceBytes } = this.#options;
    this.#pieces = ranges.flatMap(({ remote, begin, end }) =>
      Array.from({ length: Math.ceil((end - begin) / pieceBytes) }, (_, index): Piece => {
        const from = begin + index * pieceBytes;
        return { remote, begin: from, end: Math.min(end, from + pieceBytes) };
      }),
    );
    this.#fetchAhead();
  }

  /**
   * What is expected comes from what was fetched ahead; anything else is fetched now.
   * @throws as `fetchRange`
   */
  async read(remote: RemoteFile, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const exact = this.#find(remote, offset);
    if (exact?.begin === offset && exact.end === offset + length) {
      // Handed over as it is: it is read once.
      const bytes = this.#bytesOf(exact);
      this.#pieces.shift();
      this.#fetchAhead();
      return bytes;
    }
    const parts: Promise<Uint8Array<ArrayBuffer>>[] = [];
    // Asked for before anything is awaited: a second read may begin meanwhile.
    for (let at = offset; at < offset + length;) {
      const piece = this.#find(remote, at);
      if (!piece) return this.#fetch({ remote, begin: offset, end: offset + length });
      const end = Math.min(piece.end, offset + length);
      const [from, to] = [at - piece.begin, end - piece.begin];
      parts.push(this.#bytesOf(piece).then((bytes) => bytes.subarray(from, to)));
      at = end;
    }
    this.#fetchAhead();
    // A rejection of a later part is reported when its turn comes.
    for (const part of parts) part.catch(() => undefined);
    const read = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      const bytes = await part;
      read.set(bytes, at);
      at += bytes.length;
    }
    return read;
  }

  /** The piece with the byte; those before it are not read any more. */
  #find(remote: RemoteFile, at: number): Piece | undefined {
    const index = this.#pieces.findIndex((piece) => piece.remote === remote && piece.begin <= at && at < piece.end);
    if (index > 0) this.#pieces.splice(0, index);
    return index < 0 ? undefined : this.#pieces[0];
  }

  #bytesOf(piece: Piece): Promise<Uint8Array<ArrayBuffer>> {
    piece.bytes ??= this.#fetch(piece);
    piece.bytes.catch(() => undefined); // Reported when it is read.
    return piece.bytes;
  }

  #fetchAhead(): void {
    let held = 0;
    for (const piece of this.#pieces) {
      held += piece.end - piece.begin;
      if (held > this.#options.aheadBytes && held > piece.end - piece.begin) return;
      void this.#bytesOf(piece).catch(() => undefined);
    }
  }

  #fetch({ remote, begin, end }: FileRange): Promise<Uint8Array<ArrayBuffer>> {
    const { onBytes, bufferFor } = this.#options;
    return this.#slots.use(
      () => fetchRange(this.#network, remote, begin, end, this.#signal, onBytes, bufferFor(end - begin)),
      this.#signal,
    );
  }
}
