/** Where two answers to the same question part. */

/** Index of the first token that differs, that of the end of the shorter where it is the beginning of the longer; undefined where they are the same. */
export function partingOf(first: readonly number[], second: readonly number[]): number | undefined {
  const shorter = Math.min(first.length, second.length);
  for (let at = 0; at < shorter; at++) if (first[at] !== second[at]) return at;
  return first.length === second.length ? undefined : shorter;
}
