import type { NewTokenPlace } from '#core/protocol/nearest.ts';
import type { PackToken } from '#core/protocol/vocabulary.ts';

/** An id of the base that is another piece in the open model. */
export interface Mismatch {
  expected: string;
  found: string;
}

/** The first subword id of the base that is another piece in the model: the row of that id would belong to another piece. */
export function mismatchOf({ subwords }: PackToken, place: Pick<NewTokenPlace, 'subwords'>): Mismatch | undefined {
  for (const [index, { piece }] of subwords.entries()) {
    const found = place.subwords[index]?.piece;
    if (found !== piece) return { expected: piece, found: found ?? '' };
  }
  return undefined;
}
