/** How many ways a regular expression has to match one text, as logarithms to base 2: a failing match tries all of them. */

/** Three repetitions of any length and some alternatives; GPT-4o's expression has 25. */
export const MAX_WAYS = 36;
/** Of a repetition of any length, on words of a thousand letters. */
const WAYS_OF_REPETITION = 10;

/**
 * @param each ways of what is repeated
 * @param most Infinity: any number of times
 * @param isFixed no fewer times than `most`
 */
export function repeatedWays(each: number, most: number, isFixed: boolean): number {
  if (most === Infinity) return each > 0 ? Infinity : WAYS_OF_REPETITION;
  return most * each + (isFixed ? 0 : Math.min(Math.log2(most + 1), WAYS_OF_REPETITION));
}
