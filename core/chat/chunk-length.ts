/**
 * Chooses how many tokens a chunk of prefill has, by the time that the chunks before took. Stop takes effect after the chunk that
 * runs, so a chunk should take `targetMilliseconds`; a longer one than the device needs gains nothing.
 */

/** Stop is to take effect within 200 ms: the rest is for a chunk that takes longer than the one before let expect. */
export const targetMilliseconds = 130;

/** From one chunk to the next the length changes by this factor at most: a single time may be wrong. */
const largestChange = 4;

export interface ChunkLimits {
  /** Length of the first chunk of a model. */
  first: number;
  least: number;
  most: number;
}

/**
 * On the CPU so many tokens more cost as much as a run of one token: 27 to 29 for small models, about 7 for MedGemma 4B
 * (bench/RESULTS.md, "Stop during prefill").
 */
const tokensOfARun = 8;

/**
 * Limits for a device of which only a run of one token was timed: its first chunk is as long as is expected to take
 * `targetMilliseconds`, at most `first`.
 */
export function afterOneToken(limits: ChunkLimits, milliseconds: number): ChunkLimits {
  const expected = Math.floor(tokensOfARun * (targetMilliseconds / Math.max(milliseconds, 0.1) - 1));
  return { ...limits, first: Math.min(Math.max(expected, limits.least), limits.first) };
}

export class ChunkLength {
  readonly #limits: ChunkLimits;
  #next: number;
  /** The chunk before of this prefill. */
  #last: { tokens: number; rate: number } | undefined;
  /** What was found in this prefill: longer chunks than `#most` are slower a token, shorter ones than `#least` much slower. */
  #least: number;
  #most: number;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
    this.#next = limits.first;
    this.#least = limits.least;
    this.#most = limits.most;
  }

  /** Tokens that the next chunk should have at most. */
  get next(): number {
    return this.#next;
  }

  /** Begins a prefill with the length that the last one found. */
  begin(): void {
    this.#last = undefined;
    this.#least = this.#limits.least;
    this.#most = this.#limits.most;
  }

  /** Takes the time of a chunk, from its start until the device had computed it. */
  measured(tokens: number, milliseconds: number): void {
    const rate = tokens / Math.max(milliseconds, 0.1);
    // A chunk that is shorter than asked, at the end or before an image, says little about longer ones.
    if (tokens < this.#next && milliseconds <= targetMilliseconds) return;
    const last = this.#last;
    this.#last = { tokens, rate };
    if (last && tokens > last.tokens && rate < 0.8 * last.rate) this.#most = Math.max(last.tokens, this.#least);
    // Most of the time is the same for every length: shorter chunks would not bring Stop sooner, but lose throughput.
    if (last && tokens < last.tokens && rate < 0.5 * last.rate) this.#least = Math.min(last.tokens, this.#most);
    const wanted = rate * targetMilliseconds;
    const bounded = Math.min(Math.max(wanted, tokens / largestChange), tokens * largestChange);
    this.#next = Math.round(Math.min(Math.max(bounded, this.#least), this.#most));
  }
}
