/**
 * Sets of phantoms that cannot overlap: each has seeds of its own. What a model was trained on is never what it is tested
 * on, and the page draws phantoms that neither has seen.
 */
export const SPLITS = ['train', 'evaluation', 'page'] as const;
export type Split = (typeof SPLITS)[number];

/** Phantoms in one set, and sets in one split. */
export const SET_SIZE = 1_000_000;
export const SETS = 1_000_000;

/**
 * Seed of the phantom `index` in set `seed` of a split: the split's own range, in it a range for each set.
 * Throws RangeError outside of 0 … 999,999 for either.
 */
export function phantomSeed(split: Split, seed: number, index: number): number {
  if (!Number.isInteger(seed) || seed < 0 || seed >= SETS) {
    throw new RangeError(`the seed of a set must be an integer from 0 to ${SETS - 1}, got ${seed}`);
  }
  if (!Number.isInteger(index) || index < 0 || index >= SET_SIZE) {
    throw new RangeError(`a set has ${SET_SIZE} phantoms, 0 to ${SET_SIZE - 1}, got ${index}`);
  }
  return (SPLITS.indexOf(split) * SETS + seed) * SET_SIZE + index;
}

/** Seed of the questions about a phantom: beside those of pixels, below 2^53. */
export function questionSeed(phantom: number): number {
  return 2 ** 52 + phantom;
}
