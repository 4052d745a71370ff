/** The parsed form of a regular expression of Python's `re`, as far as it says whether a text matches. */

export type PatternNode =
  /** One code point. */
  | { type: 'character'; has: (code: number) => boolean }
  /** Code points one after the other. */
  | { type: 'run'; has: readonly ((code: number) => boolean)[] }
  | { type: 'sequence'; nodes: readonly PatternNode[] }
  | { type: 'alternation'; nodes: readonly PatternNode[] }
  /** Lazy and greedy alike: whether a text matches does not depend on it. `max` may be Infinity. */
  | { type: 'repeat'; node: PatternNode; min: number; max: number }
  /** Holds between two code points; consumes nothing. */
  | { type: 'assertion'; holds: Holds }
  | { type: 'look'; node: PatternNode; direction: Direction; negative: boolean };

export type Holds = (codes: readonly number[], at: number) => boolean;

/** forward: from a place towards the end of the text. */
export type Direction = 'forward' | 'backward';

export interface Pattern {
  root: PatternNode;
  /** Some of it ignores case. */
  ignoresCase: boolean;
}

/** A pattern that Python's `re` refuses, or one that this matcher does not run. The message says which, and where. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}
