/** Training text as distinct runs of mergeable tokens with weights. */
import type { PairTable } from './pair-table.ts';
import { grown, roomFor } from './word-counts.ts';

const NONE = -1;

/** Each token has a place. A merged token takes the place of its left half, and the place of the right half is unlinked. */
export class TokenRuns {
  ids = new Int32Array(1 << 12);
  /** Frequency of the word of each place. */
  weights = new Float64Array(1 << 12);
  private behind = new Int32Array(1 << 12);
  private before = new Int32Array(1 << 12);
  private places = 0;

  /** @param mergeable tokens for which it returns false end a run */
  constructor(private readonly mergeable: (id: number) => boolean) {}

  get size(): number {
    return this.places;
  }

  /** Place of the next token of the run, negative at its end. */
  next(place: number): number {
    return this.behind[place]!;
  }

  /** Adds the runs of at least two tokens. @returns the number of tokens of the word */
  add(tokens: Int32Array, weight: number): number {
    for (let start = 0; start < tokens.length; start++) {
      let end = start;
      while (end < tokens.length && this.mergeable(tokens[end]!)) end++;
      if (end - start > 1) this.append(tokens.subarray(start, end), weight);
      start = Math.max(start, end - 1);
    }
    return tokens.length;
  }

  /**
   * Replaces every occurrence of the pair by the token and updates neighbouring pairs. @returns the weighted number of
   * tokens saved
   */
  merge(pair: number, token: number, table: PairTable): number {
    const [left, right] = [table.left[pair]!, table.right[pair]!];
    const places = table.placesOf(pair);
    // Encoding merges from the left: of three equal tokens the first two.
    if (left === right) places.sort((a, b) => a - b);
    let saved = 0;
    for (const place of places) {
      const second = this.behind[place]!;
      if (this.ids[place] !== left || second < 0 || this.ids[second] !== right) continue;
      const weight = this.weights[place]!;
      const [before, behind] = [this.before[place]!, this.behind[second]!];
      if (before >= 0) table.remove(before, weight);
      table.remove(place, weight);
      table.remove(second, weight);
      this.ids[place] = token;
      this.behind[place] = behind;
      // The unlinked place of the right half must not be mistaken for the beginning of a pair.
      this.ids[second] = NONE;
      if (behind >= 0) this.before[behind] = place;
      if (before >= 0) table.add(before, this.ids[before]!, token, weight);
      if (behind >= 0) table.add(place, token, this.ids[behind]!, weight);
      saved += weight;
    }
    return saved;
  }

  private append(tokens: Int32Array, weight: number): void {
    const [start, end] = [this.places, this.places + tokens.length];
    if (end > this.ids.length) {
      const room = roomFor(end);
      this.ids = grown(this.ids, new Int32Array(room));
      this.behind = grown(this.behind, new Int32Array(room));
      this.before = grown(this.before, new Int32Array(room));
      this.weights = grown(this.weights, new Float64Array(room));
    }
    this.ids.set(tokens, start);
    for (let place = start; place < end; place++) {
      this.weights[place] = weight;
      this.before[place] = place > start ? place - 1 : NONE;
      this.behind[place] = place + 1 < end ? place + 1 : NONE;
    }
    this.places = end;
  }
}
