/** Whether an answer is right, in the manner of the base model, in that of the report adapter, or as an adapter of the training lab was to give it. */
import type { Phantom } from '#core/phantoms/phantom.ts';
import { judge, type Shown, type Verdict } from '#core/phantoms/verdict.ts';
import { isRight, recognize, rightAnswer } from '#core/phantoms/wording.ts';
import type { Wished } from '../../chat/adapter/trained-adapter.ts';

export interface AnswerVerdict extends Verdict {
  /** What it was held against. report: the adapter named "report" writes one for any question. */
  as: 'plain' | 'report' | 'wished';
}

/**
 * Undefined if the right answer is not known.
 * @param wished answer to this question about this image; nothing else is right then
 */
export function judgeAnswer(
  question: string,
  answer: string,
  shown: Shown<Phantom>,
  wished?: Wished,
): AnswerVerdict | undefined {
  if (wished)
    return {
      ...{ right: isRight(answer, wished.answer), answer: wished.answer, language: wished.language },
      as: 'wished',
    };
  const plain = judge(question, answer, shown);
  if (!plain) return undefined;
  if (plain.right || typeof shown === 'string') return { ...plain, as: 'plain' };
  const asked = recognize(question);
  const report = asked && rightAnswer(asked.question, shown, asked.language, 'report');
  if (report === undefined || !isRight(answer, report)) return { ...plain, as: 'plain' };
  return { ...plain, right: true, answer: report, as: 'report' };
}

/** Keys of the messages for a verdict, and for the answer that it names. */
export function verdictLabels({ right, as }: AnswerVerdict) {
  if (as === 'wished')
    return { verdict: right ? 'lora.verdict.wished' : 'lora.verdict.other', answer: 'lora.verdict.answer' } as const;
  const verdict = !right ? 'verdict.wrong' : as === 'report' ? 'lora.verdict.report' : 'verdict.right';
  return { verdict, answer: 'verdict.answer' } as const;
}
