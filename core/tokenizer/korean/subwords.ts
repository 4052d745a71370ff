/** Base subwords of the tokens of a pack. */
import { PackError } from './pack-error.ts';
import type { Pack } from './pack.ts';

/**
 * Base subwords of each new token, in the order of the pack's merges.
 *
 * The pack's merges apply after all base merges, so they join tokens of the base segmentation. Undoing them gives exactly the
 * tokens of the base tokenizer.
 *
 * @param idOf `idOf` of the base tokenizer
 * @throws PackError if a side of a merge is neither in the base nor made by an earlier merge
 */
export function baseSubwords(pack: Pack, idOf: (piece: string) => number | undefined): number[][] {
  const made = new Map<string, number[]>();
  return pack.merges.map(([left, right], index) => {
    const subwords = [left, right].flatMap((side) => {
      const known = made.get(side);
      if (known) return known;
      const id = idOf(side);
      if (id !== undefined) return [id];
      throw new PackError(
        'base',
        `merges[${index}] of the pack "${pack.name}" joins "${left}" and "${right}", but "${side}" is no piece of the base nor of an earlier merge.`,
      );
    });
    made.set(left + right, subwords);
    return subwords;
  });
}
