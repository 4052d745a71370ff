/**
 * Which UTF-16 units stand side by side inside a piece that merges make. Between two that never do, no merge can reach
 * across, and the text may be cut there: "▁" is such a place nearly everywhere, and so are most pairs of rare characters.
 *
 * A hashed bit set: two pairs that fall on one bit cost a missed cut, never a wrong one.
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
