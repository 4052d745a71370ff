/** The examples before a question: the first of the split `fewshot` of its own exam, as lm-evaluation-harness takes them. */
import { isExam, type ExamQuestion } from './question.ts';

/** There are fewer examples than were asked for. The message names the exam. */
export class ExamplesError extends Error {
  override readonly name = 'ExamplesError';

  constructor(
    readonly exam: string,
    readonly wanted: number,
    readonly found: number,
  ) {
    super(`there are ${found} examples for ${exam}, and ${wanted} are wanted; bring its file of the split "fewshot"`);
  }
}

/**
 * An exam of the data set takes no examples but its own; questions of another name take any where they have none of their own.
 * @throws ExamplesError
 */
export function examplesFor(exam: string, pool: readonly ExamQuestion[], shots: number): ExamQuestion[] {
  if (shots === 0) return [];
  const own = pool.filter((example) => example.exam === exam);
  const usable = own.length === 0 && !isExam(exam) ? pool : own;
  if (usable.length < shots) throw new ExamplesError(exam, shots, usable.length);
  return usable.slice(0, shots);
}
