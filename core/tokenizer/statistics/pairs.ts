import type { Pair } from './measure.ts';

/** Parses a line of a pairs file: English, tab, Korean. Undefined for other lines. */
export function pairOf(line: string): Pair | undefined {
  const [english, korean, ...rest] = line.split('\t');
  if (english === undefined || korean === undefined || rest.length > 0) return undefined;
  return { english, korean };
}
