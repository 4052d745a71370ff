/** What is odd about questions, and changes what a score says. They are asked as they stand; whoever reads the score must know. */
import { isDecomposedHangul } from '../text/hangul.ts';
import { LETTERS, type ExamQuestion } from './question.ts';

export interface Remarks {
  /** Questions that are there once more, with the same choices: each counts again, and the interval is narrower than it should be. */
  repeated: number;
  /** Questions with decomposed Hangul (NFD), which takes about 2.5 times the tokens and is answered otherwise. */
  decomposed: number;
}

export function remarksOn(questions: readonly ExamQuestion[]): Remarks {
  const texts = questions.map(({ question, choices }) => [question, ...LETTERS.map((letter) => choices[letter])]);
  // What a question is called differs between two files of one exam.
  const different = new Set(texts.map((parts) => JSON.stringify(parts)));
  return {
    repeated: questions.length - different.size,
    decomposed: texts.filter((parts) => parts.some(isDecomposedHangul)).length,
  };
}
