/** Detects Git LFS pointers: small text files in place of large files that were not downloaded. */

/** For messages, after the file name. */
export const LFS_POINTER =
  'a Git LFS pointer stands in place of the file; download it with "git lfs pull" or "hf download"';

const FIRST_LINE = 'version https://git-lfs.github.com/spec/';

/** Maximum size of a pointer by the specification. */
export const MAX_LFS_POINTER_BYTES = 1024;

/** @param start text of the file, or its first bytes as text */
export function isLfsPointer(start: string): boolean {
  return start.startsWith(FIRST_LINE);
}
