/** Counts outcomes, with the names and meanings of training/teaching/evaluate.py. */
import type { Scores } from '#core/phantoms/scores.ts';
import type { Outcome } from './answer.ts';

export function summarize(outcomes: readonly Outcome[]): Scores {
  const right = (group: readonly Outcome[]) => mean(group, (outcome) => Number(outcome.right));
  const byLanguage = grouped(outcomes, ({ language }) => language);
  const inLanguages = (figure: (group: readonly Outcome[]) => number) => mapValues(byLanguage, figure);
  return {
    count: outcomes.length,
    exact_match: right(outcomes),
    exact_match_about_images: right(outcomes.filter(({ aboutImage }) => aboutImage)),
    by_question: mapValues(
      grouped(outcomes, ({ kind }) => kind),
      right,
    ),
    by_language: inLanguages(right),
    by_question_and_language: mapValues(
      grouped(outcomes, ({ kind, language }) => `${kind} ${language}`),
      right,
    ),
    perplexity: inLanguages((group) =>
      Math.exp(sum(group, ({ negativeLogLikelihood }) => negativeLogLikelihood) / sum(group, ({ tokens }) => tokens)),
    ),
    tokens_per_answer: inLanguages((group) => mean(group, ({ tokens }) => tokens)),
    prompt_tokens: inLanguages((group) => mean(group, ({ promptTokens }) => promptTokens)),
  };
}

/** By key, the keys sorted. */
function grouped(outcomes: readonly Outcome[], keyOf: (outcome: Outcome) => string): [string, Outcome[]][] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const key = keyOf(outcome);
    const group = groups.get(key);
    if (group) group.push(outcome);
    else groups.set(key, [outcome]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

function mapValues(
  groups: readonly [string, Outcome[]][],
  figure: (group: readonly Outcome[]) => number,
): Record<string, number> {
  return Object.fromEntries(groups.map(([key, group]) => [key, figure(group)]));
}

function sum(outcomes: readonly Outcome[], figure: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + figure(outcome), 0);
}

function mean(outcomes: readonly Outcome[], figure: (outcome: Outcome) => number): number {
  return sum(outcomes, figure) / outcomes.length;
}
