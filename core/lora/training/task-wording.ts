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
 * Behind every answer. The teaching model's sentences are in 합쇼체 already, so this is what changes. Before the answer it would move it away from
 * the image, which the model's local layers see 32 tokens far: the answers themselves would have to be learnt anew.
 */
export const POLITE_CLOSING: Readonly<Record<Language, string>> = { en: 'Thank you.', ko: '감사합니다.' };

/** The questions of the teaching model, answered as it does, with thanks behind it. */
export function politeAnswers(truth: Truth, language: Language, count: number, random: Random): AskedAnswer[] {
  return drawPairs(truth, language, count, random).map(({ question, answer }) => ({
    question,
    answer: politely(answer, language),
  }));
}

export function politely(answer: string, language: Language): string {
  return `${answer} ${POLITE_CLOSING[language]}`;
}

/**
 * No lesion, one, two, three. The tokenizer has them as three bytes each, most of which the model never wrote. Their rows of the embedding lie close
 * together, and an adapter does not change them; it learns to tell them apart all the same. With 個 behind each, three bytes more, 120 steps
 * reached 35 % of unseen phantoms in English, without it 100 % (seed 0).
 */
export const HANJA_COUNTS = ['無', '一', '二', '三'] as const;

export function hanjaAnswers({ lesions }: Truth, language: Language, count: number, random: Random): AskedAnswer[] {
  const answer = HANJA_COUNTS[lesions.length];
  if (answer === undefined) throw new RangeError(`no phantom has ${lesions.length} lesions`);
  return Array.from({ length: count }, () => ({
    question: choose(random, phrasings({ kind: 'count' }, language)),
    answer,
  }));
}
