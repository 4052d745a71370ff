/** The text as training sees it: runs of tokens that may merge, each once, with its weight. */
import type { PairTable } from './pair-table.ts';
import { grown, roomFor } from './word-counts.ts';

const NONE = -1;

/** One place a token. A merged token takes the place of its left half; that of the right half is left out of the run. */
export class TokenRuns {
  ids = new Int32Array(1 << 12);
  /** How often the word of the place stands in the text. */
  weights = new Float64Array(1 << 12);
  private behind = new Int32Array(1 << 12);
  private before = new Int32Array(1 << 12);
  private places = 0;

  /** @param mergeable a token of which this is false ends a run */
  constructor(private readonly mergeable: (id: number) => boolean) {}

  get size(): number {
    return this.places;
  }

  /** Place of the next token of the run, negative at its end. */
  next(place: number): number {
    return this.behind[place]!;
  }

  /** Takes the runs of two tokens and more; the number of tokens of the word. */
  add(tokens: Int32Array, weight: number): number {
    for (let start = 0; start < tokens.length; start++) {
      let end = start;
      while (end < tokens.length && this.mergeable(tokens[end]!)) end++;
      if (end - start > 1) this.append(tokens.subarray(start, end), weight);
      start = Math.max(start, end - 1);
    }
    return tokens.length;
  }

  /** Every place of the pair becomes the token; counts of the pairs around follow. Returns the tokens saved, weighted. */
  merge(pair: number, token: number, table: PairTable): number {
    const [left, right] = [table.left[pair]!, table.right[pair]!];
    const places = table.placesOf(pair);
    // Encoding joins from the left: of three equal tokens the first two.
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
      // The place of the right half is dead, and must not look like the beginning of a pair.
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
