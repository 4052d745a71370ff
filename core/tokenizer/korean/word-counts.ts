import { textOfUnits } from '../../bytes.ts';

/**
 * Counts words in texts of any length. The words are stored in one array of UTF-16 units. A Map of strings is limited to 16.7
 * million keys, takes several times the memory, and its substrings would keep their source lines in memory.
 */
export class WordCounts {
  /** Occurrences of words that were dropped because the table was full. */
  dropped = 0;
  private units = new Uint16Array(1 << 12);
  /** Start of each word in `units`, and an extra entry for the end of the last word. */
  private starts = new Uint32Array(1 << 9);
  private counts = new Float64Array(1 << 9);
  private words = 0;
  /** Hash table with open addressing: word + 1, or 0 for an empty slot. At least twice as many slots as words. */
  private slots = new Int32Array(1 << 10);

  /** @param limit maximum number of words; beyond it the rarest are dropped (`dropped` counts their occurrences) */
  constructor(private readonly limit: number) {}

  get size(): number {
    return this.words;
  }

  /** Counts `text.slice(start, end)` `times` times. */
  add(text: string, start: number, end: number, times = 1): void {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = spread(hash);
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = this.slots[slot]! - 1;
      if (word < 0) return this.append(text, start, end, slot, times);
      if (this.holds(word, text, start, end)) {
        this.counts[word] = this.counts[word]! + times;
        return;
      }
    }
  }

  /** In order of first occurrence. */
  *entries(): Generator<[word: string, count: number]> {
    for (let word = 0; word < this.words; word++) {
      const units = this.units.subarray(this.starts[word], this.starts[word + 1]);
      yield [textOfUnits(units), this.counts[word]!];
    }
  }

  /** Releases the memory. */
  clear(): void {
    this.words = 0;
    this.units = new Uint16Array(1);
    this.starts = new Uint32Array(2);
    this.counts = new Float64Array(2);
    this.slots = new Int32Array(2);
  }

  private holds(word: number, text: string, start: number, end: number): boolean {
    const at = this.starts[word]!;
    if (this.starts[word + 1]! - at !== end - start) return false;
    for (let i = start; i < end; i++) if (this.units[at + i - start] !== text.charCodeAt(i)) return false;
    return true;
  }

  private append(text: string, start: number, end: number, slot: number, times: number): void {
    const at = this.starts[this.words]!;
    const to = at + end - start;
    if (to > this.units.length) this.units = grown(this.units, new Uint16Array(roomFor(to)));
    for (let i = start; i < end; i++) this.units[at + i - start] = text.charCodeAt(i);
    this.counts[this.words] = times;
    this.slots[slot] = ++this.words;
    if (this.words + 1 >= this.starts.length) {
      this.starts = grown(this.starts, new Uint32Array(roomFor(this.words + 2)));
      this.counts = grown(this.counts, new Float64Array(roomFor(this.words + 2)));
    }
    this.starts[this.words] = to;
    if (this.words >= this.limit) this.dropRarest();
    else if (this.words * 2 > this.slots.length) this.place(this.slots.length * 2);
  }

  /** Drops the rarest words until at most half of the limit is left. */
  private dropRarest(): void {
    for (let least = 2; this.words > this.limit / 2; least *= 2) {
      let kept = 0;
      let end = 0;
      for (let word = 0; word < this.words; word++) {
        const count = this.counts[word]!;
        const [from, to] = [this.starts[word]!, this.starts[word + 1]!];
        if (count < least) {
          this.dropped += count;
          continue;
        }
        this.units.copyWithin(end, from, to);
        this.starts[kept] = end;
        this.counts[kept++] = count;
        end += to - from;
      }
      this.words = kept;
      this.starts[kept] = end;
    }
    this.place(this.slots.length);
  }

  private place(slots: number): void {
    this.slots = new Int32Array(slots);
    for (let word = 0; word < this.words; word++) {
      let hash = 0x811c9dc5;
      const end = this.starts[word + 1]!;
      for (let i = this.starts[word]!; i < end; i++) {
        hash = Math.imul(hash ^ this.units[i]!, 0x01000193);
      }
      let slot = spread(hash) & (slots - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (slots - 1);
      this.slots[slot] = word + 1;
    }
  }
}

/** Improves the poorly mixed low bits of FNV. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Room for `length` entries and half as many again. */
export function roomFor(length: number): number {
  return Math.ceil(length * 1.5);
}

/** Copies `array` to the beginning of `larger` and returns `larger`. */
export function grown<T extends Uint16Array | Uint32Array | Int32Array | Float64Array>(array: T, larger: T): T {
  larger.set(array);
  return larger;
}
