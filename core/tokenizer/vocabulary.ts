import { malformed } from './format-error.ts';

/** Pieces and their ids, one to one. */
export interface Vocabulary {
  /** Largest id + 1. */
  readonly size: number;
  idOf(piece: string): number | undefined;
  pieceOf(id: number): string | undefined;
}

const FACTOR = 0x01000193;

/**
 * Hash table of pieces in three flat arrays. For a quarter of a million pieces, a Map would take as long to build as the
 * rest of the tokenizer. Pieces are concatenated UTF-16 units in the order of ids.
 */
export class PieceTable implements Vocabulary {
  readonly size: number;
  /** Number of pieces: `size` minus unused ids. */
  readonly count: number;
  /** Ids by hash of the piece, −1 for a free slot. */
  private readonly slots: Int32Array;
  private readonly shift: number;

  /** `lengths[id]` UTF-16 units each, −1 for an unused id. @throws TokenizerFormatError for a piece with two ids */
  constructor(
    readonly units: Uint16Array,
    readonly lengths: Int32Array,
    readonly starts = startsOf(lengths),
  ) {
    this.size = lengths.length;
    this.count = lengths.reduce((count, length) => count + (length < 0 ? 0 : 1), 0);
    const bits = Math.max(4, 33 - Math.clz32(this.size));
    this.shift = 32 - bits;
    this.slots = new Int32Array(1 << bits).fill(-1);
    const mask = this.slots.length - 1;
    for (let id = 0; id < this.size; id++) {
      const length = lengths[id]!;
      if (length < 0) continue;
      const start = this.starts[id]!;
      let hash = 0;
      for (let at = start; at < start + length; at++) hash = Math.imul(hash, FACTOR) + units[at]! + 1;
      let slot = spread(hash) >>> this.shift;
      for (; this.slots[slot] !== -1; slot = (slot + 1) & mask) {
        const other = this.slots[slot]!;
        if (this.equals(other, units, start, length)) {
          throw malformed('vocab', JSON.stringify(this.pieceOf(id)), `stands at id ${other} and at id ${id}.`);
        }
      }
      this.slots[slot] = id;
    }
  }

  /** `pieces[id]`; undefined for unused ids. */
  static of(pieces: readonly (string | undefined)[]): PieceTable {
    const lengths = Int32Array.from(pieces, (piece) => piece?.length ?? -1);
    const units = new Uint16Array(lengths.reduce((sum, length) => sum + Math.max(0, length), 0));
    let at = 0;
    for (const piece of pieces) {
      for (let index = 0; index < (piece?.length ?? 0); index++) units[at++] = piece!.charCodeAt(index);
    }
    return new PieceTable(units, lengths);
  }

  idOf(piece: string): number | undefined {
    let hash = 0;
    for (let at = 0; at < piece.length; at++) hash = Math.imul(hash, FACTOR) + piece.charCodeAt(at) + 1;
    const mask = this.slots.length - 1;
    for (let slot = spread(hash) >>> this.shift; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot]!;
      if (id === -1) return undefined;
      if (this.lengths[id] !== piece.length) continue;
      const start = this.starts[id]!;
      let at = 0;
      while (at < piece.length && this.units[start + at] === piece.charCodeAt(at)) at++;
      if (at === piece.length) return id;
    }
  }

  /** Id of the piece with these units, or −1. `hash` is the result of `hashOf`. */
  find(units: Uint16Array, start: number, length: number, hash: number): number {
    const mask = this.slots.length - 1;
    for (let slot = spread(hash) >>> this.shift; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot]!;
      if (id === -1 || this.equals(id, units, start, length)) return id;
    }
  }

  pieceOf(id: number): string | undefined {
    const length = this.lengths[id] ?? -1;
    if (length < 0) return undefined;
    const start = this.starts[id]!;
    let piece = '';
    // In parts: the number of arguments has a limit.
    for (let at = 0; at < length; at += 4096) {
      piece += String.fromCharCode(...this.units.subarray(start + at, start + Math.min(at + 4096, length)));
    }
    return piece;
  }

  private equals(id: number, units: Uint16Array, start: number, length: number): boolean {
    if (this.lengths[id] !== length) return false;
    const own = this.starts[id]!;
    for (let at = 0; at < length; at++) if (this.units[own + at] !== units[start + at]) return false;
    return true;
  }
}

/** UTF-16 units of a text. */
export function unitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return units;
}

/** A polynomial hash over the units, so that one pass gives prefix and suffix hashes of a piece. */
export function extendHash(hash: number, unit: number): number {
  return Math.imul(hash, FACTOR) + unit + 1;
}

/** Hash of the suffix of `whole` after a prefix with hash `prefix`; `power` is FACTOR^(length of the suffix). */
export function suffixHash(whole: number, prefix: number, power: number): number {
  return (whole - Math.imul(prefix, power)) | 0;
}

export function nextPower(power: number): number {
  return Math.imul(power, FACTOR);
}

function spread(hash: number): number {
  const mixed = hash ^ (hash >>> 15);
  return Math.imul(mixed, 0x9e3779b1);
}

function startsOf(lengths: Int32Array): Int32Array {
  const starts = new Int32Array(lengths.length);
  let at = 0;
  for (let id = 0; id < lengths.length; id++) {
    starts[id] = at;
    at += Math.max(0, lengths[id]!);
  }
  return starts;
}

/** A vocabulary with additional pieces with ids after or between those of `base`, whose tables it shares. */
export class ExtendedVocabulary implements Vocabulary {
  readonly size: number;
  private readonly ids = new Map<string, number>();
  private readonly pieces = new Map<number, string>();

  /** @throws RangeError if a piece or an id already exists */
  constructor(
    private readonly base: Vocabulary,
    added: Iterable<readonly [piece: string, id: number]>,
  ) {
    let size = base.size;
    for (const [piece, id] of added) {
      if (!Number.isInteger(id) || id < 0) throw new RangeError(`${id} is no token id.`);
      const taken = this.idOf(piece);
      if (taken !== undefined)
        throw new RangeError(`${JSON.stringify(piece)} is in the vocabulary already: id ${taken}.`);
      const other = this.pieceOf(id);
      if (other !== undefined) throw new RangeError(`Id ${id} is taken by ${JSON.stringify(other)}.`);
      this.ids.set(piece, id);
      this.pieces.set(id, piece);
      size = Math.max(size, id + 1);
    }
    this.size = size;
  }

  idOf(piece: string): number | undefined {
    return this.ids.get(piece) ?? this.base.idOf(piece);
  }

  pieceOf(id: number): string | undefined {
    return this.pieces.get(id) ?? this.base.pieceOf(id);
  }
}
