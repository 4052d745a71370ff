/** Questions in the form of KorMedMCQA: five choices, one right. */

export const LETTERS = ['A', 'B', 'C', 'D', 'E'] as const;
export type Letter = (typeof LETTERS)[number];

/** The exams of the data set, in its order. */
export const EXAMS = ['doctor', 'nurse', 'pharm', 'dentist'] as const;
export type ExamName = (typeof EXAMS)[number];

export interface ExamQuestion {
  /** `doctor`, `nurse`, `pharm`, `dentist`, or what a file of the visitor's own is called: the task of lm-evaluation-harness. */
  exam: string;
  /** The column; an exam can have several. */
  subject?: string;
  year?: number;
  /** Part of the exam's day. */
  period?: number;
  /** The number in the exam's booklet. */
  number?: number;
  question: string;
  choices: Readonly<Record<Letter, string>>;
  answer: Letter;
  /** Why the answer is right; the split `fewshot` has it. */
  cot?: string;
}

/** A question with its place, from 0, among those of its exam: `doc_id` of lm-evaluation-harness. */
export interface NumberedQuestion {
  docId: number;
  question: ExamQuestion;
}

export function isLetter(text: string): text is Letter {
  return LETTERS.some((letter) => letter === text);
}

export function isExam(text: string): text is ExamName {
  return EXAMS.some((exam) => exam === text);
}

export function numbered(questions: readonly ExamQuestion[]): NumberedQuestion[] {
  const seen = new Map<string, number>();
  return questions.map((question) => {
    const docId = seen.get(question.exam) ?? 0;
    seen.set(question.exam, docId + 1);
    return { docId, question };
  });
}

/** Number of questions by exam, in the order in which the exams first appear. */
export function countsByExam(questions: readonly ExamQuestion[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { exam } of questions) counts.set(exam, (counts.get(exam) ?? 0) + 1);
  return counts;
}
