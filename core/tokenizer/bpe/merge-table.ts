/** A merge by ids: where `left` and `right` stand side by side they become `result`; smaller ranks go first. */
export interface Merge {
  left: number;
  right: number;
  rank: number;
  result: number;
}

/** Behind every rank there is. */
export const NO_RANK = 0x7fffffff;

/**
 * Merges by their two ids: open addressing, four numbers a slot (left, right, rank, result), so that a look-up, which
 * mostly finds nothing, touches one cache line.
 */
export class MergeTable {
  /** Of the last pair that `find` was asked for; NO_RANK when it does not merge. */
  rank = NO_RANK;
  result = -1;

  private slots: Int32Array;
  private bits: number;
  private count = 0;

  /** What `base` holds counts as well, unless this table says otherwise. */
  constructor(
    capacity: number,
    private readonly base?: MergeTable,
  ) {
    this.bits = Math.max(4, 33 - Math.clz32(capacity));
    this.slots = new Int32Array(4 << this.bits).fill(-1);
  }

  /** Merges in all, those of the base included. */
  get size(): number {
    return this.count + (this.base?.size ?? 0);
  }

  /** The later of two merges of one pair counts, as in Hugging Face tokenizers. */
  set(left: number, right: number, rank: number, result: number): void {
    if (this.count * 2 >= 1 << this.bits) this.grow();
    const at = this.slotOf(left, right);
    if (this.slots[at] === -1) this.count++;
    this.slots[at] = left;
    this.slots[at + 1] = right;
    this.slots[at + 2] = rank;
    this.slots[at + 3] = result;
  }

  /** Sets `rank` and `result`. */
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

  /** All merges, in no order. */
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
