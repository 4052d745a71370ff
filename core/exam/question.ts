/** Questions in the form of KorMedMCQA: five choices, one right. */

export const LETTERS = ['A', 'B', 'C', 'D', 'E'] as const;
export type Letter = (typeof LETTERS)[number];

/** The exams of the data set, in its order. */
export const SUBJECTS = ['doctor', 'nurse', 'pharm', 'dentist'] as const;

export interface ExamQuestion {
  /** `doctor`, `nurse`, `pharm`, `dentist`, or what a file of the visitor's own says. */
  subject: string;
  year?: number;
  /** The number in the exam's booklet. */
  number?: number;
  question: string;
  choices: Readonly<Record<Letter, string>>;
  answer: Letter;
}

export function isLetter(text: string): text is Letter {
  return LETTERS.some((letter) => letter === text);
}
