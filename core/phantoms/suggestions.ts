/** Questions that the page offers: ones that the teaching model has learnt to answer. */
import { Random } from '../sampling/random.ts';
import { drawPairs } from './pairs.ts';
import type { Phantom } from './phantom.ts';
import type { Language, Question } from './question.ts';
import { questionSeed } from './sets.ts';
import { phrasings } from './wording.ts';

/** Enough that every kind comes twice, about different lesions. */
const DRAWN = 12;

/**
 * Questions that fit what a phantom shows, no two the same, of as many kinds as there are; for one phantom always the same
 * ones in the same order.
 */
export function suggestQuestions(phantom: Pick<Phantom, 'seed' | 'lesions' | 'largest'>, language: Language): string[] {
  const pairs = drawPairs(phantom, language, DRAWN, Random.fromSeed(questionSeed(phantom.seed)));
  return [...new Map(pairs.map(({ name, question }) => [name, question])).values()];
}

/** What can be asked before there is an image: the plainest way to put it. */
export function plainest(question: Question, language: Language): string {
  const [first] = phrasings(question, language);
  if (first === undefined) throw new RangeError(`there is no way to put a question of kind ${question.kind}`);
  return first;
}
