/** Questions and answers of the tasks that only the training lab has. */
import { choose } from '../../phantoms/chance.ts';
import { drawPairs } from '../../phantoms/pairs.ts';
import type { Language, Truth } from '../../phantoms/question.ts';
import { phrasings } from '../../phantoms/wording.ts';
import type { Random } from '../../sampling/random.ts';

export interface AskedAnswer {
  question: string;
  answer: string;
}

/**
 * Before every answer. The teaching model's sentences are in 합쇼체 already, so this is what changes. It is made of tokens that the model has
 * generated or read: an adapter does not change the embedding, and cannot teach a token that is in no text.
 */
export const POLITE_OPENING: Readonly<Record<Language, string>> = { en: 'Thank you.', ko: '질문 감사합니다.' };

/** The questions of the teaching model, answered as it does, with thanks before it. */
export function politeAnswers(truth: Truth, language: Language, count: number, random: Random): AskedAnswer[] {
  return drawPairs(truth, language, count, random).map(({ question, answer }) => ({
    question,
    answer: `${POLITE_OPENING[language]} ${answer}`,
  }));
}

/** No lesion, one, two, three. */
export const HANJA_COUNTS = ['無', '一個', '二個', '三個'] as const;

export function hanjaAnswers({ lesions }: Truth, language: Language, count: number, random: Random): AskedAnswer[] {
  const answer = HANJA_COUNTS[lesions.length];
  if (answer === undefined) throw new RangeError(`no phantom has ${lesions.length} lesions`);
  return Array.from({ length: count }, () => ({
    question: choose(random, phrasings({ kind: 'count' }, language)),
    answer,
  }));
}
