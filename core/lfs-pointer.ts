/** Git LFS leaves a small text file in place of each large one that was not downloaded. */

/** For messages, behind the name of the file. */
export const LFS_POINTER =
  'a Git LFS pointer stands in place of the file; download it with "git lfs pull" or "hf download"';

const FIRST_LINE = 'version https://git-lfs.github.com/spec/';

/** Pointers are smaller than this, by their specification. */
export const MAX_LFS_POINTER_BYTES = 1024;

/** @param start text of the file, or its first bytes as text */
export function isLfsPointer(start: string): boolean {
  return start.startsWith(FIRST_LINE);
}
