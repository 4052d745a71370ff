/** Frequencies and positions of pairs of adjacent tokens. */
import { grown, roomFor } from './word-counts.ts';

/** Value for a pair that must not be merged. */
export const REFUSED = -1;

/**
 * Pairs are numbered by first occurrence. The places of a pair form a doubly linked list through `nextPlace` and
 * `previousPlace`, so that a place is removed in constant time. A place is the position of the left token and belongs to one
 * pair at a time.
 */
export class PairTable {
  left = new Int32Array(1 << 12);
  right = new Int32Array(1 << 12);
  /** Occurrences, weighted by the frequency of the word. */
  count = new Float64Array(1 << 12);
  private first = new Int32Array(1 << 12);
  private pairs = 0;
  /** Hash table with open addressing: pair + 1, or 0 for an empty slot. */
  private slots = new Int32Array(1 << 14);
  /** Pair at each place; REFUSED if there is none. */
  private readonly pairAt: Int32Array;
  private readonly nextPlace: Int32Array;
  private readonly previousPlace: Int32Array;

  /** @param mayMerge called once for each pair; places are kept only if it returns true */
  constructor(
    places: number,
    private readonly mayMerge: (left: number, right: number) => boolean,
  ) {
    this.pairAt = new Int32Array(places).fill(REFUSED);
    this.nextPlace = new Int32Array(places);
    this.previousPlace = new Int32Array(places);
  }

  get size(): number {
    return this.pairs;
  }

  /** Adds an occurrence. @returns the pair, or REFUSED */
  add(place: number, left: number, right: number, weight: number): number {
    const pair = this.find(left, right);
    if (this.count[pair] === REFUSED) return REFUSED;
    this.count[pair]! += weight;
    const behind = this.first[pair]!;
    if (behind >= 0) this.previousPlace[behind] = place;
    this.nextPlace[place] = behind;
    this.previousPlace[place] = -1;
    this.first[pair] = place;
    this.pairAt[place] = pair;
    return pair;
  }

  remove(place: number, weight: number): void {
    const pair = this.pairAt[place]!;
    if (pair === REFUSED) return;
    this.pairAt[place] = REFUSED;
    this.count[pair]! -= weight;
    const [before, behind] = [this.previousPlace[place]!, this.nextPlace[place]!];
    if (before >= 0) this.nextPlace[before] = behind;
    else this.first[pair] = behind;
    if (behind >= 0) this.previousPlace[behind] = before;
  }

  placesOf(pair: number): number[] {
    const places: number[] = [];
    for (let place = this.first[pair]!; place >= 0; place = this.nextPlace[place]!) places.push(place);
    return places;
  }

  /** The pair, or REFUSED; it may have no occurrences. */
  pairOf(left: number, right: number): number {
    const pair = this.find(left, right);
    return this.count[pair] === REFUSED ? REFUSED : pair;
  }

  private find(left: number, right: number): number {
    const mask = this.slots.length - 1;
    for (let slot = hashOf(left, right) & mask; ; slot = (slot + 1) & mask) {
      const pair = this.slots[slot]! - 1;
      if (pair < 0) return this.append(left, right, slot);
      if (this.left[pair] === left && this.right[pair] === right) return pair;
    }
  }

  private append(left: number, right: number, slot: number): number {
    const pair = this.pairs++;
    if (pair >= this.left.length) {
      const room = roomFor(this.pairs);
      this.left = grown(this.left, new Int32Array(room));
      this.right = grown(this.right, new Int32Array(room));
      this.first = grown(this.first, new Int32Array(room));
      this.count = grown(this.count, new Float64Array(room));
    }
    this.left[pair] = left;
    this.right[pair] = right;
    this.first[pair] = -1;
    this.count[pair] = this.mayMerge(left, right) ? 0 : REFUSED;
    this.slots[slot] = this.pairs;
    if (this.pairs * 2 > this.slots.length) this.grow();
    return pair;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let pair = 0; pair < this.pairs; pair++) {
      let slot = hashOf(this.left[pair]!, this.right[pair]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = pair + 1;
    }
    this.slots = slots;
  }
}

function hashOf(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
