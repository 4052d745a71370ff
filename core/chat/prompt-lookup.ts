/**
 * Prompt lookup (Saxena 2023): drafts the next tokens of an answer from the last place where its last tokens stood before, in the
 * prompt or in the answer. Verified in one run they leave greedy decoding's output as it is.
 */

/**
 * @param ids prompt and answer so far
 * @param match the longest n-gram that is looked up; shorter ones down to `least` where it is not found
 * @param count tokens drafted at most
 * @returns the tokens that followed the last earlier occurrence; empty if there is none
 */
export function lookup(ids: readonly number[], match: number, least: number, count: number): number[] {
  for (let size = Math.min(match, ids.length - 1); size >= least; size--) {
    const from = ids.length - size;
    for (let at = from - 1; at >= 0; at--) {
      let same = 0;
      while (same < size && ids[at + same] === ids[from + same]) same++;
      if (same === size) return ids.slice(at + size, at + size + count);
    }
  }
  return [];
}
