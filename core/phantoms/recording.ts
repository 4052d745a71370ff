/** Recorded answers about phantoms, which the page plays until a model is open. `npm run record-opening` writes them. */
import type { Language } from './question.ts';

export interface RecordedToken {
  id: number;
  /** Empty where the token shows nothing by itself. */
  text: string;
  /** Since the question was sent. Tokens of one frame have the same time. */
  milliseconds: number;
}

export interface RecordedAnswer {
  /** The phantom is `phantomSeed('page', set, index)`. */
  set: number;
  index: number;
  language: Language;
  question: string;
  /** The end token is left out. */
  tokens: readonly RecordedToken[];
}

export interface Recording {
  /** Name of the package that answered. */
  model: string;
  answers: readonly RecordedAnswer[];
}

/** Tokens per second between the first and the last token; undefined where they came in one frame. */
export function recordedRate(tokens: readonly RecordedToken[]): number | undefined {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (!first || !last || last.milliseconds <= first.milliseconds) return undefined;
  return ((tokens.length - 1) / (last.milliseconds - first.milliseconds)) * 1000;
}
