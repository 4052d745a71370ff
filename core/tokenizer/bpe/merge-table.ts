/** A merge by ids: adjacent `left` and `right` become `result`; smaller ranks apply first. */
export interface Merge {
  left: number;
  right: number;
  rank: number;
  result: number;
}

/** Larger than every rank. */
export const NO_RANK = 0x7fffffff;

/**
 * Hash table of merges by their two ids, with open addressing and four numbers per slot (left, right, rank, result), so that a
 * look-up, usually a miss, touches one cache line.
 */
export class MergeTable {
  /** Rank of the pair of the last `find`; NO_RANK if it does not merge. */
  rank = NO_RANK;
  result = -1;

  private slots: Int32Array;
  private bits: number;
  private count = 0;

  /** Merges of `base` also apply unless this table overrides them. */
  constructor(
    capacity: number,
    private readonly base?: MergeTable,
  ) {
    this.bits = Math.max(4, 33 - Math.clz32(capacity));
    this.slots = new Int32Array(4 << this.bits).fill(-1);
  }

  /** Number of merges, including those of the base. */
  get size(): number {
    return this.count + (this.base?.size ?? 0);
  }

  /** A later merge of the same pair overrides an earlier one, as in Hugging Face tokenizers. */
  set(left: number, right: number, rank: number, result: number): void {
    if (this.count * 2 >= 1 << this.bits) this.grow();
    const at = this.slotOf(left, right);
    if (this.slots[at] === -1) this.count++;
    this.slots[at] = left;
    this.slots[at + 1] = right;
    this.slots[at + 2] = rank;
    this.slots[at + 3] = result;
  }

  /** Looks up a pair and sets `rank` and `result`. */
  find(left: number, right: number): boolean {
    const at = this.slotOf(left, right);
    if (this.slots[at] !== -1) {
      this.rank = this.slots[at + 2]!;
      this.result = this.slots[at + 3]!;
      return true;
    }
    if (this.base?.find(left, right)) {
      this.rank = this.base.rank;
      this.result = this.base.result;
      return true;
    }
    this.rank = NO_RANK;
    return false;
  }

  /** Visits all merges in undefined order. */
  forEach(visit: (left: number, right: number, rank: number, result: number) => void): void {
    this.base?.forEach((left, right, rank, result) => {
      if (this.slots[this.slotOf(left, right)] === -1) visit(left, right, rank, result);
    });
    for (let at = 0; at < this.slots.length; at += 4) {
      const left = this.slots[at]!;
      if (left !== -1) visit(left, this.slots[at + 1]!, this.slots[at + 2]!, this.slots[at + 3]!);
    }
  }

  private slotOf(left: number, right: number): number {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
    let slot = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> (32 - this.bits);
    const mask = (1 << this.bits) - 1;
    for (;;) {
      const at = slot * 4;
      const found = this.slots[at]!;
      if (found === -1 || (found === left && this.slots[at + 1] === right)) return at;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.bits++;
    this.slots = new Int32Array(4 << this.bits).fill(-1);
    for (let at = 0; at < old.length; at += 4) {
      if (old[at] === -1) continue;
      this.slots.set(old.subarray(at, at + 4), this.slotOf(old[at]!, old[at + 1]!));
    }
  }
}
