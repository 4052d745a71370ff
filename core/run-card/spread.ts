/** Median, least and most of a figure over rounds. */
export interface Spread {
  median: number;
  least: number;
  most: number;
  count: number;
}

/** Undefined for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return undefined;
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? least;
  const high = sorted[Math.floor(middle)] ?? most;
  return { median: (low + high) / 2, least, most, count: sorted.length };
}

/** Place of the first element that differs, from 0; undefined if the lists are equal. A list that ends differs there. */
export function firstDifference(a: readonly number[], b: readonly number[]): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return undefined;
}
