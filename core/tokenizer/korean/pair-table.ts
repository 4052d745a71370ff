/** Neighbouring tokens: how often each pair stands in the text, and where. */
import { grown, roomFor } from './word-counts.ts';

/** Of a pair that must not merge. */
export const REFUSED = -1;

/**
 * Pairs are numbered in the order in which they first come. The places of a pair are a doubly linked list through
 * `nextPlace` and `previousPlace`, so that one is taken out in constant time and nothing stale is kept; a place is the
 * position of the left token and belongs to one pair at a time.
 */
export class PairTable {
  left = new Int32Array(1 << 12);
  right = new Int32Array(1 << 12);
  /** Occurrences, weighted by how often the word of the place stands in the text. */
  count = new Float64Array(1 << 12);
  private first = new Int32Array(1 << 12);
  private pairs = 0;
  /** Open addressing: pair + 1, 0 where nothing is. */
  private slots = new Int32Array(1 << 14);
  /** By place; REFUSED where none is. */
  private readonly pairAt: Int32Array;
  private readonly nextPlace: Int32Array;
  private readonly previousPlace: Int32Array;

  /** @param mayMerge asked once for each pair; the places of others are not kept */
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

  /** The pair, or REFUSED. */
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

  /** The pair, or REFUSED; it may stand nowhere. */
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
