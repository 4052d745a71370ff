/**
 * The cumulative distribution of a whole vocabulary in order of rank, without sorting it: a weighted histogram of the logits
 * shows the bucket in which a sum is reached, and only that bucket is sorted.
 */
const BUCKETS = 4096;

export class RankOrder {
  readonly #logits: Float32Array;
  readonly #weights: Float64Array;
  readonly #least: number;
  readonly #highest: number;
  readonly #perLogit: number;
  readonly #masses = new Float64Array(BUCKETS);

  /**
   * @param logits without NaN, one at least of a weight above 0
   * @param weights grow with the logits
   * @param least tokens with less weight are left out, and so are tokens of weight 0
   */
  constructor(logits: Float32Array, weights: Float64Array, least: number) {
    this.#logits = logits;
    this.#weights = weights;
    this.#least = least;
    let [lowest, highest] = [Infinity, -Infinity];
    for (let id = 0; id < weights.length; id++) {
      const logit = logits[id]!;
      if (logit > highest) highest = logit;
      if (logit < lowest && this.#isIn(id)) lowest = logit;
    }
    this.#highest = highest;
    this.#perLogit = highest > lowest ? (BUCKETS - 1) / (highest - lowest) : 0;
    for (let id = 0; id < weights.length; id++) if (this.#isIn(id)) this.#masses[this.#bucketOf(id)]! += weights[id]!;
  }

  /**
   * @param isReached of the sum of the weights up to and with a token; true from some sum on
   * @returns the first token at which it is, in order of rank, and that sum; the last token if it never is
   */
  first(isReached: (sum: number) => boolean): { id: number; reached: number } {
    let before = 0;
    let bucket = 0;
    let last = 0;
    for (; bucket < BUCKETS; bucket++) {
      const mass = this.#masses[bucket]!;
      if (mass === 0) continue;
      last = bucket;
      if (isReached(before + mass)) break;
      before += mass;
    }
    if (bucket === BUCKETS) before -= this.#masses[last]!;
    const ids: number[] = [];
    for (let id = 0; id < this.#weights.length; id++) if (this.#isIn(id) && this.#bucketOf(id) === last) ids.push(id);
    ids.sort((a, b) => this.#logits[b]! - this.#logits[a]! || a - b);
    let reached = before;
    // Rounding can leave the sum of the sorted bucket just below that of the histogram; then its last token is returned.
    let found = 0;
    for (const id of ids) {
      found = id;
      reached += this.#weights[id]!;
      if (isReached(reached)) break;
    }
    return { id: found, reached };
  }

  #isIn(id: number): boolean {
    const weight = this.#weights[id]!;
    return weight >= this.#least && weight > 0;
  }

  #bucketOf(id: number): number {
    return Math.floor((this.#highest - this.#logits[id]!) * this.#perLogit);
  }
}
