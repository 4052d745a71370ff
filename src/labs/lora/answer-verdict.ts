/** Whether an answer is right, in the manner of the base model or in that of the report adapter. */
import { judge, type Shown, type Verdict } from '#core/phantoms/verdict.ts';
import type { Phantom } from '#core/phantoms/phantom.ts';
import { isRight, recognize, rightAnswer } from '#core/phantoms/wording.ts';

export interface AnswerVerdict extends Verdict {
  /** True if it is right as a report: the adapter named "report" writes one for any question. */
  asReport: boolean;
}

/** Undefined if the right answer is not known. */
export function judgeAnswer(question: string, answer: string, shown: Shown<Phantom>): AnswerVerdict | undefined {
  const plain = judge(question, answer, shown);
  if (!plain) return undefined;
  if (plain.right || typeof shown === 'string') return { ...plain, asReport: false };
  const asked = recognize(question);
  const report = asked && rightAnswer(asked.question, shown, asked.language, 'report');
  const asReport = report !== undefined && isRight(answer, report);
  return asReport ? { ...plain, right: true, answer: report, asReport } : { ...plain, asReport };
}

/** Key of the message for a verdict. */
export function verdictLabel({ right, asReport }: AnswerVerdict) {
  if (!right) return 'verdict.wrong';
  return asReport ? 'lora.verdict.report' : 'verdict.right';
}
