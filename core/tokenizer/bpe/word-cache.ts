const SLOT_BITS = 16;
const MAX_WORDS = 1 << (SLOT_BITS - 1);
const MAX_UNITS = 1 << 19;
const MAX_IDS = 1 << 18;

/** Longer words rarely occur twice. */
export const LONGEST_CACHED = 128;

/**
 * Cache of words → ids in flat arrays. When it is full, it is cleared, so memory stays at about 4 MB and frequent words are
 * soon cached again.
 */
export class WordCache {
  readonly ids = new Int32Array(MAX_IDS);
  /** Number of UTF-16 units of each id. */
  readonly lengths = new Uint8Array(MAX_IDS);
  /** Range of the ids of the last word found or added. */
  from = 0;
  to = 0;

  private readonly slots = new Int32Array(4 << SLOT_BITS).fill(-1);
  private readonly units = new Uint16Array(MAX_UNITS);
  private words = 0;
  private usedUnits = 0;
  private usedIds = 0;

  /** Sets `from` and `to`. `hash`: any hash of the units. */
  find(units: Uint16Array, start: number, length: number, hash: number): boolean {
    const at = this.slotOf(units, start, length, hash);
    if (this.slots[at] === -1) return false;
    this.from = this.slots[at + 2]!;
    this.to = this.slots[at + 3]!;
    return true;
  }

  /** Adds a word that `find` did not find, of at most LONGEST_CACHED units. */
  add(
    units: Uint16Array,
    start: number,
    length: number,
    hash: number,
    ids: Int32Array,
    lengths: Int32Array,
    count: number,
  ) {
    if (this.words === MAX_WORDS || this.usedUnits + length > MAX_UNITS || this.usedIds + count > MAX_IDS) this.clear();
    const at = this.slotOf(units, start, length, hash);
    // Hash and length are packed into one number, to compare both at once.
    this.slots[at] = keyOf(hash, length);
    this.slots[at + 1] = this.usedUnits;
    this.slots[at + 2] = this.usedIds;
    for (let unit = 0; unit < length; unit++) this.units[this.usedUnits++] = units[start + unit]!;
    for (let symbol = 0; symbol < count; symbol++) {
      this.lengths[this.usedIds] = lengths[symbol]!;
      this.ids[this.usedIds++] = ids[symbol]!;
    }
    this.slots[at + 3] = this.usedIds;
    this.words++;
  }

  private slotOf(units: Uint16Array, start: number, length: number, hash: number): number {
    const key = keyOf(hash, length);
    let slot = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> (32 - SLOT_BITS);
    for (;;) {
      const at = slot * 4;
      const found = this.slots[at]!;
      if (found === -1) return at;
      if (found === key) {
        const own = this.slots[at + 1]!;
        let unit = 0;
        while (unit < length && this.units[own + unit] === units[start + unit]) unit++;
        if (unit === length) return at;
      }
      slot = (slot + 1) & ((1 << SLOT_BITS) - 1);
    }
  }

  private clear(): void {
    this.slots.fill(-1);
    this.words = this.usedUnits = this.usedIds = 0;
  }
}

/** Never −1, which marks a free slot. Words of different lengths have different keys. */
function keyOf(hash: number, length: number): number {
  return ((hash & 0x7fffff) << 8) | length;
}
