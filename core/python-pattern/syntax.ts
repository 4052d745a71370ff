/** Syntax tree of a regular expression of Python's `re`, without information that does not affect whether a text matches. */

export type PatternNode =
  /** One code point. */
  | { type: 'character'; has: (code: number) => boolean }
  /** A sequence of code points. */
  | { type: 'run'; has: readonly ((code: number) => boolean)[] }
  | { type: 'sequence'; nodes: readonly PatternNode[] }
  | { type: 'alternation'; nodes: readonly PatternNode[] }
  /** Lazy or greedy, which does not affect whether a text matches. `max` may be Infinity. */
  | { type: 'repeat'; node: PatternNode; min: number; max: number }
  /** A condition on a position; consumes nothing. */
  | { type: 'assertion'; holds: PositionTest }
  | { type: 'look'; node: PatternNode; direction: Direction; negative: boolean };

export type PositionTest = (codes: readonly number[], at: number) => boolean;

/** forward: towards the end of the text. */
export type Direction = 'forward' | 'backward';

export interface Pattern {
  root: PatternNode;
  /** True if a part of the pattern ignores case. */
  ignoresCase: boolean;
}

/** A pattern is invalid in Python's `re`, or unsupported here. The message says what is wrong and at which position. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}
