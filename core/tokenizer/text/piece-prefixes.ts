import { extendHash, type PieceTable } from '../vocabulary.ts';

/** Hashed set of the prefixes of pieces, to end the search for longer pieces early. A collision only makes the search longer. */
export class PiecePrefixes {
  private readonly bits = new Int32Array(1 << 17);

  constructor(vocabulary: PieceTable, includes: (id: number) => boolean) {
    for (let id = 0; id < vocabulary.size; id++) {
      if (!includes(id)) continue;
      const start = vocabulary.starts[id]!;
      let hash = 0;
      for (let at = start; at < start + vocabulary.lengths[id]!; at++) {
        hash = extendHash(hash, vocabulary.units[at]!);
        const bit = bitOf(hash);
        this.bits[bit >>> 5]! |= 1 << (bit & 31);
      }
    }
  }

  /** `hash` is that of the units, by `extendHash`. */
  mayHave(hash: number): boolean {
    const bit = bitOf(hash);
    return ((this.bits[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }
}

function bitOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca77) >>> 10;
}
