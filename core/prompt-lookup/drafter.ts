/** Decides what to draft: the tokens by lookup, how many by what they were worth so far. */
import { Acceptance } from './acceptance.ts';
import { NgramLookup, noToken } from './ngram-lookup.ts';
import { draftLengths, type RunTimes } from './run-times.ts';

/** 'on' drafts whatever is found; 'auto' only what is expected to take less time than decoding it token by token. */
export type DraftMode = 'on' | 'auto';

/** What 'on' assumes for the time of each further row, in runs of one row: weights are read once for all rows. */
const assumedRowCost = 0.05;
/** Of the first drafts, whose time is not known. */
const firstDraftLength = 3;
/** What a draft must be expected to win at least: the time of a run is known no better. */
const leastGain = 1.05;

export interface DrafterOptions {
  mode: DraftMode;
  /** Times of the model's runs; `add` is called by who runs them. */
  times: RunTimes;
  /** Ids from here on are no text. */
  vocabularySize: number;
  /** A draft ends with the first of them. */
  endTokens: ReadonlySet<number>;
}

export class Drafter {
  readonly #lookup = new NgramLookup();
  readonly #acceptance = new Acceptance();
  readonly #options: DrafterOptions;

  /** @param ids of the prompt; `noToken` in place of images */
  constructor(options: DrafterOptions, ids: readonly number[]) {
    this.#options = options;
    for (const id of ids) this.#lookup.push(this.#known(id));
  }

  /** Adds a token of the answer, and counts whether lookup would have been right about it. */
  push(id: number): void {
    const { match } = this.#lookup;
    if (match) this.#acceptance.count(match.length, this.#lookup.draft(1)[0] === id);
    this.#lookup.push(this.#known(id));
  }

  /** @param most tokens that there is room for @returns the draft of the next tokens; empty if none is worth its time */
  draft(most: number): number[] {
    const draft = this.#lookup.draft(Math.min(this.#length(), most));
    const end = draft.findIndex((id) => this.#options.endTokens.has(id));
    return end < 0 ? draft : draft.slice(0, end + 1);
  }

  #known(id: number): number {
    return id >= 0 && id < this.#options.vocabularySize ? id : noToken;
  }

  #length(): number {
    const { match } = this.#lookup;
    if (!match) return 0;
    const { mode, times } = this.#options;
    if (mode === 'on') return this.#best(match.length, (length) => 1 + assumedRowCost * length, 0);
    if (times.cost(firstDraftLength) === undefined)
      return this.#acceptance.of(match.length) > 0.5 ? firstDraftLength : 0;
    return this.#best(match.length, (length) => times.cost(length) ?? Infinity, leastGain);
  }

  /** The length with most expected tokens for its cost; 0 if they are fewer than `least`. */
  #best(matchLength: number, cost: (length: number) => number, least: number): number {
    let best = { length: 0, gain: least };
    for (const length of draftLengths) {
      const gain = this.#acceptance.expectedTokens(matchLength, length) / cost(length);
      if (gain > best.gain) best = { length, gain };
    }
    return best.length;
  }
}
