/**
 * Counts phrases without storing them: 64-bit hashes in a table with open addressing. Two phrases of 16 million collide with a
 * probability of about 1 in 100,000.
 */
export class PhraseCounts {
  private high = new Uint32Array(1 << 12);
  private low = new Uint32Array(1 << 12);
  /** 0 for an empty slot. */
  private counts = new Uint32Array(1 << 12);
  private size = 0;

  /** @param limit maximum number of different phrases; beyond it counting starts anew, so that a phrase may be counted twice */
  constructor(private readonly limit = 2 ** 24) {}

  /** Counts `text.slice(start, end)` seen from position `at`. @returns how often it was counted, this time included */
  add(text: string, start: number, end: number, at: number): number {
    // Two FNV hashes with different starts; where the word stands is part of the phrase.
    let high = Math.imul(0x811c9dc5 ^ (at - start), 0x01000193);
    let low = Math.imul(0x9e3779b1 ^ (end - at), 0x85ebca6b);
    for (let i = start; i < end; i++) {
      const unit = text.charCodeAt(i);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit, 0x85ebca6b);
      low ^= low >>> 13;
    }
    return this.count(high >>> 0, low >>> 0);
  }

  private count(high: number, low: number): number {
    if (this.size * 2 >= this.counts.length) this.grow();
    const slot = this.slotOf(high, low);
    if (this.counts[slot] === 0) {
      this.size++;
      this.high[slot] = high;
      this.low[slot] = low;
    }
    return ++this.counts[slot]!;
  }

  private slotOf(high: number, low: number): number {
    const mask = this.counts.length - 1;
    let slot = (high ^ (low >>> 7)) & mask;
    while (this.counts[slot] !== 0 && !(this.high[slot] === high && this.low[slot] === low)) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const full = this.size >= this.limit;
    const { high, low, counts } = this;
    const room = full ? counts.length : counts.length * 2;
    this.high = new Uint32Array(room);
    this.low = new Uint32Array(room);
    this.counts = new Uint32Array(room);
    if (full) {
      this.size = 0;
      return;
    }
    for (let slot = 0; slot < counts.length; slot++) {
      if (counts[slot] === 0) continue;
      const place = this.slotOf(high[slot]!, low[slot]!);
      this.high[place] = high[slot]!;
      this.low[place] = low[slot]!;
      this.counts[place] = counts[slot]!;
    }
  }
}
