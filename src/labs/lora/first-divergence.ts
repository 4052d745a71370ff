/** Finds where two answers to the same question diverge. */

/** Index of the first token that differs: the length of the shorter answer if it is a prefix of the other; undefined if they are equal. */
export function findFirstDivergence(first: readonly number[], second: readonly number[]): number | undefined {
  const shorter = Math.min(first.length, second.length);
  for (let at = 0; at < shorter; at++) if (first[at] !== second[at]) return at;
  return first.length === second.length ? undefined : shorter;
}
