/**
 * Set of UTF-16 units that are adjacent inside a piece of a merge. No merge can join two units that are never adjacent, so the
 * text may be split between them: nearly always before "▁", and between most rare characters.
 *
 * Stored as a hashed bit set: a collision may miss a split, but never gives a wrong one.
 */
export class Joins {
  private constructor(private readonly bits: Int32Array) {}

  static empty(): Joins {
    return new Joins(new Int32Array(1 << 17));
  }

  copy(): Joins {
    return new Joins(this.bits.slice());
  }

  addPiece(units: ArrayLike<number>, start: number, length: number): void {
    for (let at = start + 1; at < start + length; at++) {
      const bit = bitOf(units[at - 1]!, units[at]!);
      this.bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  has(before: number, after: number): boolean {
    const bit = bitOf(before, after);
    return ((this.bits[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }
}

function bitOf(before: number, after: number): number {
  const mixed = Math.imul((before << 16) | after, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77) >>> 10;
}
