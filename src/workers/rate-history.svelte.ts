import type { Stats } from '#core/protocol/engine.ts';

export interface RatePoint {
  /** Since the first token of the answer. */
  seconds: number;
  tokensPerSecond: number;
}

const longest = 600;
/** In milliseconds; over less, one token more or less would be most of the figure. */
const shortest = 100;

/** Decode speed over the intervals between figures, measured on the worker's clock, for the sparkline. */
export class RateHistory {
  points = $state.raw<readonly RatePoint[]>([]);
  #first: number | undefined;
  #last: { time: number; tokens: number } | undefined;

  clear(): void {
    this.points = [];
    this.#first = undefined;
    this.#last = undefined;
  }

  add({ time, turn }: Stats): void {
    const tokens = turn?.newTokens ?? 0;
    if (tokens === 0) return this.clear();
    const last = this.#last;
    if (!last || tokens < last.tokens) {
      this.clear();
      this.#first = time;
      this.#last = { time, tokens };
      return;
    }
    // A figure without new tokens is a stall while decoding, but also what a finished turn sends once.
    if (tokens === last.tokens || time - last.time < shortest) return;
    this.#last = { time, tokens };
    const point = {
      seconds: (time - (this.#first ?? time)) / 1000,
      tokensPerSecond: ((tokens - last.tokens) / (time - last.time)) * 1000,
    };
    this.points = [...this.points.slice(1 - longest), point];
  }
}
