/** Two settings on the same questions. */
import { keyOf, type AnsweredQuestion } from './answer.ts';
import { isRight, mcNemar, Z } from './score.ts';

export interface Compared {
  /** Questions that both answered. */
  count: number;
  bothRight: number;
  onlyFirst: number;
  onlySecond: number;
  neither: number;
  /** Accuracy of the second less that of the first, and its interval of 95 %; undefined without questions. */
  difference: { value: number; interval: readonly [low: number, high: number] } | undefined;
  /** McNemar's exact test. */
  p: number;
  /** Questions that exactly one answered right, in the order of the first. */
  parted: readonly { first: AnsweredQuestion; second: AnsweredQuestion }[];
}

/** Below this the difference is called one; it is the 5 % that goes with intervals of 95 %. */
export const SIGNIFICANT = 0.05;

export function compare(first: readonly AnsweredQuestion[], second: readonly AnsweredQuestion[]): Compared {
  const others = new Map(second.map((answered) => [keyOf(answered), answered]));
  const pairs = first.flatMap((one) => {
    const other = others.get(keyOf(one));
    return other && other.question.question === one.question.question ? [{ first: one, second: other }] : [];
  });
  const marks = pairs.map((pair) => ({
    pair,
    first: isAnsweredRight(pair.first),
    second: isAnsweredRight(pair.second),
  }));
  const countOf = (a: boolean, b: boolean) => marks.filter((mark) => mark.first === a && mark.second === b).length;
  const [onlyFirst, onlySecond] = [countOf(true, false), countOf(false, true)];
  return {
    count: pairs.length,
    bothRight: countOf(true, true),
    onlyFirst,
    onlySecond,
    neither: countOf(false, false),
    difference: pairs.length > 0 ? differenceOf(onlyFirst, onlySecond, pairs.length) : undefined,
    p: mcNemar(onlyFirst, onlySecond),
    parted: marks.filter((mark) => mark.first !== mark.second).map(({ pair }) => pair),
  };
}

export function isAnsweredRight({ question, answer }: AnsweredQuestion): boolean {
  return isRight({ answer: question.answer, chosen: answer.chosen });
}

/** Interval of a difference of paired proportions: Wald's, adjusted (Bonett and Price, Journal of Educational and Behavioral Statistics 37, 2012). */
function differenceOf(onlyFirst: number, onlySecond: number, count: number) {
  const [less, more] = [(onlyFirst + 1) / (count + 2), (onlySecond + 1) / (count + 2)];
  const middle = more - less;
  const half = Z * Math.sqrt((more + less - middle ** 2) / (count + 2));
  const interval = [Math.max(-1, middle - half), Math.min(1, middle + half)] as const;
  return { value: (onlySecond - onlyFirst) / count, interval };
}
