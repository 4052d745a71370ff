/**
 * Disjoint sets of phantoms: each split has its own range of seeds. Training, evaluation and the page therefore never share a
 * phantom.
 */
export const SPLITS = ['train', 'evaluation', 'page'] as const;
export type Split = (typeof SPLITS)[number];

/** Phantoms per set; sets per split. */
export const SET_SIZE = 1_000_000;
export const SETS = 1_000_000;

/**
 * Seed of the phantom `index` in set `seed` of a split. Each split has a range of seeds, divided into a range per set.
 * @throws RangeError if `seed` or `index` is outside 0 … 999,999
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

/** Seed of the questions about a phantom: distinct from all phantom seeds, and below 2^53. */
export function questionSeed(phantom: number): number {
  return 2 ** 52 + phantom;
}
