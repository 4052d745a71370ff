import type { Stats } from '#core/protocol/stats.ts';

export interface RatePoint {
  /** Since the first token of the answer. */
  seconds: number;
  tokensPerSecond: number;
}

const longest = 600;
/** Shortest interval in milliseconds: in a shorter one, a single token would change the rate too much. */
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
    // Statistics without new tokens can mean a stall, but a finished turn sends them once too.
    if (tokens === last.tokens || time - last.time < shortest) return;
    this.#last = { time, tokens };
    const point = {
      seconds: (time - (this.#first ?? time)) / 1000,
      tokensPerSecond: ((tokens - last.tokens) / (time - last.time)) * 1000,
    };
    this.points = [...this.points.slice(1 - longest), point];
  }
}
