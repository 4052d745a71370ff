/** How often looked-up tokens were right, by the length of the match that they came from. */

/** Matches from this length on, up to the next one. */
const lengths = [2, 3, 4, 8, 16];
/** Assumed before anything was seen; long matches are quotes. */
const assumed = [0.3, 0.45, 0.65, 0.8, 0.9];
/** Tokens that the assumption counts for. */
const assumedWeight = 3;
/** Weight that a token keeps with each newer one of its kind: about the last 20 count. */
const decay = 0.95;

export class Acceptance {
  readonly #kinds = assumed.map((share) => ({ right: share * assumedWeight, all: assumedWeight }));

  /** Counts a token that was looked up. @param matchLength of the match that it followed */
  count(matchLength: number, isRight: boolean): void {
    const kind = this.#kind(matchLength);
    kind.right = kind.right * decay + (isRight ? 1 : 0);
    kind.all = kind.all * decay + 1;
  }

  /** Probability that the token behind such a match is right. */
  of(matchLength: number): number {
    const { right, all } = this.#kind(matchLength);
    return right / all;
  }

  /** Tokens that a run of the decoder is expected to give which verifies a draft: one, and those of the draft that are right. */
  expectedTokens(matchLength: number, draftLength: number): number {
    let expected = 1;
    let probability = 1;
    for (let at = 0; at < draftLength; at++) {
      // If the tokens before it are right, the match is longer by them.
      probability *= this.of(matchLength + at);
      expected += probability;
    }
    return expected;
  }

  #kind(matchLength: number) {
    const at = lengths.findLastIndex((length) => length <= matchLength);
    const kind = this.#kinds[at];
    if (!kind) throw new RangeError(`a match has ${lengths[0]} tokens at least, not ${matchLength}`);
    return kind;
  }
}
