import type { NewTokenPlace } from '#core/protocol/nearest.ts';
import type { PackToken } from '#core/protocol/vocabulary.ts';

/** An id of the base that stands for something else in the open model. */
export interface Mismatch {
  expected: string;
  found: string;
}

/** Ids were taken from the base; they have to mean the same pieces in the model, or its rows are those of other pieces. */
export function mismatchOf({ subwords }: PackToken, place: Pick<NewTokenPlace, 'subwords'>): Mismatch | undefined {
  for (const [index, { piece }] of subwords.entries()) {
    const found = place.subwords[index]?.piece;
    if (found !== piece) return { expected: piece, found: found ?? '' };
  }
  return undefined;
}
