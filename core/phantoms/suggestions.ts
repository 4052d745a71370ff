/** Suggested questions, chosen from those that the teaching model can answer. */
import { Random } from '../sampling/random.ts';
import { drawPairs } from './pairs.ts';
import type { Phantom } from './phantom.ts';
import type { Language, Question } from './question.ts';
import { questionSeed } from './sets.ts';
import { phrasings } from './wording.ts';

/** Questions to draw: enough for two of every kind. */
const DRAWN = 12;

/**
 * Distinct questions that fit the phantom, of as many kinds as possible. A phantom always gets the same questions in the same
 * order.
 */
export function suggestQuestions(phantom: Pick<Phantom, 'seed' | 'lesions' | 'largest'>, language: Language): string[] {
  const pairs = drawPairs(phantom, language, DRAWN, Random.fromSeed(questionSeed(phantom.seed)));
  return [...new Map(pairs.map(({ name, question }) => [name, question])).values()];
}

/** The simplest phrasing of a question. */
export function simplestPhrasing(question: Question, language: Language): string {
  const [first] = phrasings(question, language);
  if (first === undefined) throw new RangeError(`questions of kind ${question.kind} have no phrasing`);
  return first;
}
