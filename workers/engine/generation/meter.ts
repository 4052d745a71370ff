/** Measures one answer. */
import type { LookupCounts, SamplingCounts, TurnStats } from '#core/protocol/stats.ts';

export class TurnMeter {
  readonly #start = performance.now();
  #prefillStart = 0;
  #prefillEnd = 0;
  #imageMilliseconds = 0;
  #prefillTokens = 0;
  #cachedTokens = 0;
  #newTokens = 0;
  #first: number | undefined;
  #last: number | undefined;
  #lookup: LookupCounts | undefined;
  readonly #sampling: SamplingCounts = { choices: 0, rowsRead: 0, takenBack: 0 };

  /** @param tokens number of tokens to compute @param cached number of the prompt's tokens that are in the KV cache */
  beginPrefill(tokens: number, cached: number): void {
    this.#prefillTokens = tokens;
    this.#cachedTokens = cached;
    this.#prefillStart = this.#prefillEnd = performance.now();
  }

  /** Prefill ends with the last finished chunk. */
  chunkDone(): void {
    this.#prefillEnd = performance.now();
  }

  addImageTime(milliseconds: number): void {
    this.#imageMilliseconds += milliseconds;
  }

  token(): void {
    const now = performance.now();
    this.#first ??= now;
    this.#last = now;
    this.#newTokens++;
  }

  /** @param counts go on counting */
  useLookup(counts: LookupCounts): void {
    this.#lookup = counts;
  }

  /** To be added to. */
  get sampling(): SamplingCounts {
    return this.#sampling;
  }

  stats(): TurnStats {
    const decodeSeconds = ((this.#last ?? 0) - (this.#first ?? 0)) / 1000;
    return {
      prefillTokens: this.#prefillTokens,
      cachedTokens: this.#cachedTokens,
      prefillMilliseconds: this.#prefillEnd - this.#prefillStart,
      timeToFirstTokenMilliseconds: this.#first === undefined ? undefined : this.#first - this.#start,
      imageMilliseconds: this.#imageMilliseconds,
      newTokens: this.#newTokens,
      decodeTokensPerSecond: decodeSeconds > 0 ? (this.#newTokens - 1) / decodeSeconds : undefined,
      ...(this.#lookup && { promptLookup: { ...this.#lookup } }),
      ...(this.#sampling.choices > 0 && { sampling: { ...this.#sampling } }),
    };
  }
}
