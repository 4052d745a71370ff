/** What a run of questions comes to. */
import type { Letter } from './question.ts';

export interface Marked {
  exam: string;
  year?: number | undefined;
  answer: Letter;
  /** What the model chose; undefined for no letter at all, which is wrong. */
  chosen: Letter | undefined;
}

export interface Score {
  count: number;
  right: number;
  /** right / count. */
  accuracy: number;
  /** Wilson's interval of 95 %: it holds for few questions and near 0 and 1 too. */
  interval: readonly [low: number, high: number];
}

/** Of five choices, one. */
export const CHANCE = 0.2;

/** The 97.5 % quantile of the normal distribution. */
export const Z = 1.959963984540054;

export const isRight = ({ answer, chosen }: Pick<Marked, 'answer' | 'chosen'>): boolean => answer === chosen;

/** @throws RangeError without questions */
export function scoreOf(marked: readonly Marked[]): Score {
  const count = marked.length;
  if (count === 0) throw new RangeError('there is nothing to score');
  const right = marked.filter(isRight).length;
  const accuracy = right / count;
  const middle = accuracy + Z ** 2 / (2 * count);
  const half = Z * Math.sqrt((accuracy * (1 - accuracy)) / count + Z ** 2 / (4 * count ** 2));
  const scale = 1 + Z ** 2 / count;
  return {
    count,
    right,
    accuracy,
    interval: [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)],
  };
}

/** In the order in which the groups first appear. The mean of the exams weighted by their size is the score of all. */
export function scoresBy(marked: readonly Marked[], groupOf: (one: Marked) => string): Map<string, Score> {
  const groups = new Map<string, Marked[]>();
  for (const one of marked) groups.set(groupOf(one), [...(groups.get(groupOf(one)) ?? []), one]);
  return new Map([...groups].map(([name, group]) => [name, scoreOf(group)]));
}

/**
 * McNemar's exact test of two settings that answered the same questions: the probability of a difference as large as this, or
 * larger, if both were equally good. Only the questions that exactly one of them answered right say something.
 * @param onlyFirst number of questions that only the first answered right @param onlySecond … only the second
 */
export function mcNemar(onlyFirst: number, onlySecond: number): number {
  const count = onlyFirst + onlySecond;
  const least = Math.min(onlyFirst, onlySecond);
  let logChoose = 0;
  let sum = 0;
  for (let k = 0; k <= least; k++) {
    if (k > 0) logChoose += Math.log((count - k + 1) / k);
    sum += Math.exp(logChoose - count * Math.LN2);
  }
  return Math.min(1, 2 * sum);
}

/** What questions cost, on average; undefined without answers. */
export interface Cost {
  promptTokens: number;
  newTokens: number;
  seconds: number;
}

export function costOf(
  answers: readonly { promptTokens: number; newTokens: number; milliseconds: number }[],
): Cost | undefined {
  if (answers.length === 0) return undefined;
  const mean = (of: (one: (typeof answers)[number]) => number) =>
    answers.reduce((sum, one) => sum + of(one), 0) / answers.length;
  return {
    promptTokens: mean(({ promptTokens }) => promptTokens),
    newTokens: mean(({ newTokens }) => newTokens),
    seconds: mean(({ milliseconds }) => milliseconds) / 1000,
  };
}

/** An answered question as the scores take it. */
export function markedOf({
  question: { exam, year, answer },
  answer: { chosen },
}: {
  question: { exam: string; year?: number; answer: Letter };
  answer: { chosen: Letter | undefined };
}): Marked {
  return { exam, year, answer, chosen };
}
