/**
 * Prompt lookup (Saxena 2023, https://github.com/apoorvumang/prompt-lookup-decoding): the last tokens of a sequence are looked up
 * earlier in it, and what followed them there is a draft of what comes next.
 */

/** In place of tokens that are no text: they are neither matched nor drafted. */
export const noToken = -1;

/** Earlier occurrences of the last two tokens that are compared, from the newest on. */
const mostCompared = 8;
/** A longer match tells no more. */
const longestMatch = 32;
/** Ids are below 2^25, so a pair of them is a safe integer. */
const pairBase = 2 ** 25;

export interface Match {
  /** Index of the token that followed. */
  at: number;
  /** Tokens before it that equal the last ones of the sequence, 2 or more. */
  length: number;
}

/** A growing sequence of token ids. A token is added and looked up in constant time. */
export class NgramLookup {
  readonly #ids: number[] = [];
  /** By pair: index of the token that followed its newest occurrence. */
  readonly #newest = new Map<number, number>();
  /** By index of a token that followed a pair: index of the token that followed the pair's previous occurrence; 0 for a first occurrence. */
  readonly #before: number[] = [];
  #match: Match | undefined;

  get length(): number {
    return this.#ids.length;
  }

  /** Where the last tokens stood before, with the longest match of those compared; undefined if nowhere. */
  get match(): Match | undefined {
    return this.#match;
  }

  push(...ids: readonly number[]): void {
    for (const id of ids) this.#push(id);
  }

  /** The tokens that followed at the match, `count` of them or fewer; where they reach the end, they go on with themselves. */
  draft(count: number): number[] {
    const from = this.#match?.at;
    const draft: number[] = [];
    if (from === undefined) return draft;
    while (draft.length < count) {
      const at = from + draft.length;
      const id = this.#ids[at] ?? draft[at - this.#ids.length] ?? noToken;
      if (id === noToken) break;
      draft.push(id);
    }
    return draft;
  }

  #push(id: number): void {
    const ids = this.#ids;
    const at = ids.length;
    // The last pair is an earlier one from now on, because now something follows it.
    const last = this.#lastPair();
    this.#before[at] = (last === undefined ? undefined : this.#newest.get(last)) ?? 0;
    if (last !== undefined) this.#newest.set(last, at);
    const copied = this.#match && ids[this.#match.at] === id ? this.#match.at + 1 : undefined;
    ids.push(id);
    this.#match = this.#longest(copied);
  }

  #lastPair(): number | undefined {
    const { length } = this.#ids;
    const one = this.#ids[length - 2] ?? noToken;
    const two = this.#ids[length - 1] ?? noToken;
    return one === noToken || two === noToken ? undefined : one * pairBase + two;
  }

  /** @param copied goes on where the match before was right: the first of equals */
  #longest(copied: number | undefined): Match | undefined {
    const pair = this.#lastPair();
    if (pair === undefined) return undefined;
    let best = copied === undefined ? undefined : this.#measured(copied);
    let at = this.#newest.get(pair) ?? 0;
    for (let compared = 0; at > 0 && compared < mostCompared; compared++) {
      const match = this.#measured(at);
      if (match.length > (best?.length ?? 1)) best = match;
      at = this.#before[at] ?? 0;
    }
    return best && this.#ids[best.at] === noToken ? undefined : best;
  }

  #measured(at: number): Match {
    const ids = this.#ids;
    let length = 0;
    while (length < longestMatch && length < at) {
      const id = ids[at - 1 - length];
      if (id === noToken || id !== ids[ids.length - 1 - length]) break;
      length++;
    }
    return { at, length };
  }
}
