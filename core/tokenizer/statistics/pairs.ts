import type { Pair } from './measure.ts';

/** A line of a file of pairs: English, tab, Korean. Undefined where it is not that. */
export function pairOf(line: string): Pair | undefined {
  const [english, korean, ...rest] = line.split('\t');
  if (english === undefined || korean === undefined || rest.length > 0) return undefined;
  return { english, korean };
}
