/** Checks answers about images whose truth is known. */
import type { Language, Truth } from './question.ts';
import { isRight, recognize, rightAnswer } from './wording.ts';

/** The image of a question: no image, an unknown image, or one whose truth is known. */
export type Shown<Known extends Truth = Truth> = 'nothing' | 'unknown' | Known;

export interface Verdict {
  right: boolean;
  /** The right answer in the language of the question. */
  answer: string;
  language: Language;
}

/** Undefined if the answer cannot be checked: unknown phrasing, a question that does not fit the image, or an unknown image. */
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
