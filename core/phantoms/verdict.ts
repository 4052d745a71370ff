/** Whether an answer is right, where the truth is known. */
import type { Language, Truth } from './question.ts';
import { isRight, recognize, rightAnswer } from './wording.ts';

/** What a question is asked about: no image, one whose truth is known, or one of which nothing is known. */
export type Shown<Known extends Truth = Truth> = 'nothing' | 'unknown' | Known;

export interface Verdict {
  right: boolean;
  /** The one right answer, in the language of the question. */
  answer: string;
  language: Language;
}

/** Undefined where nobody can tell: the question is none of the phrasings, does not fit the image, or the image is unknown. */
export function judge(question: string, answer: string, shown: Shown): Verdict | undefined {
  const asked = recognize(question);
  if (!asked) return undefined;
  const { question: put, language } = asked;
  let right: string | undefined;
  if (put.kind === 'talk' || put.kind === 'limits' || put.kind === 'missing') {
    right = rightAnswer(put, undefined, language);
  } else if (shown === 'nothing') {
    right = rightAnswer({ kind: 'missing', about: put }, undefined, language);
  } else if (shown !== 'unknown') {
    right = rightAnswer(put, shown, language);
  }
  return right === undefined ? undefined : { right: isRight(answer, right), answer: right, language };
}
