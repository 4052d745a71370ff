import { expect, it } from 'vitest';
import type { Outcome } from '../../../cli/evaluate/answer.ts';
import { summarize } from '../../../cli/evaluate/summary.ts';
import { summaryTable } from '../../../cli/evaluate/table.ts';

function outcome(kind: string, language: string, right: boolean, more: Partial<Outcome> = {}): Outcome {
  return {
    ...{
      kind,
      language,
      right,
      aboutImage: kind !== 'talk',
      answer: '',
      ids: [],
      tokens: 4,
      negativeLogLikelihood: 2,
      promptTokens: 6,
    },
    ...more,
  };
}

const outcomes = [
  outcome('shape', 'en', true),
  outcome('shape', 'en', false, { tokens: 2, negativeLogLikelihood: 7, promptTokens: 3 }),
  outcome('shape', 'ko', true, { tokens: 10, negativeLogLikelihood: 1, promptTokens: 20 }),
  outcome('count', 'ko', false, { tokens: 10, negativeLogLikelihood: 5, promptTokens: 10 }),
  outcome('talk', 'en', true, { tokens: 6, negativeLogLikelihood: 3, promptTokens: 3 }),
];

it('counts by question and language, and weighs perplexity by tokens', () => {
  const { perplexity, ...counts } = summarize(outcomes);
  expect(counts).toEqual({
    count: 5,
    exact_match: 3 / 5,
    exact_match_about_images: 2 / 4,
    by_question: { count: 0, shape: 2 / 3, talk: 1 },
    by_language: { en: 2 / 3, ko: 1 / 2 },
    by_question_and_language: { 'count ko': 0, 'shape en': 1 / 2, 'shape ko': 1, 'talk en': 1 },
    tokens_per_answer: { en: 4, ko: 10 },
    prompt_tokens: { en: 4, ko: 15 },
  });
  expect(perplexity['en']).toBeCloseTo(Math.exp(12 / 12), 12);
  expect(perplexity['ko']).toBeCloseTo(Math.exp(6 / 20), 12);
});

it('is a table for people, without what was not asked', () => {
  const table = summaryTable(summarize(outcomes));
  expect(table).toMatch(/^shape +50\.0 % +100\.0 % +66\.7 %$/m);
  expect(table).toMatch(/^count +0\.0 % +0\.0 %$/m);
  expect(table).toMatch(/^all +66\.7 % +50\.0 % +60\.0 %$/m);
  expect(table).toMatch(/^about images +50\.0 %$/m);
  expect(table).toMatch(/^tokens a question +4\.000 +15\.000$/m);
});
