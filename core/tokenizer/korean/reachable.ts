import type { Tokenizer } from '../tokenizer.ts';

/**
 * Whether the text of a token, encoded, is that token alone. Of tokens that are not, most are parts of characters (bytes)
 * or mistakes of whoever made the vocabulary: no text leads to them.
 */
export function isReachable(tokenizer: Tokenizer, id: number): boolean {
  if (tokenizer.pieceOf(id) === undefined) return false;
  const ids = tokenizer.encode(tokenizer.decode([id]));
  return ids.length === 1 && ids[0] === id;
}

export interface Reach {
  /** Entries of the vocabulary. */
  entries: number;
  reachable: number;
  /** Entries that `base` does not have. */
  added: number;
  addedReachable: number;
}

/** Over the whole vocabulary, in steps; each yields the number of ids done, and the last value is the result. */
export function* reach(tokenizer: Tokenizer, base: Tokenizer): Generator<number, Reach> {
  const result: Reach = { entries: 0, reachable: 0, added: 0, addedReachable: 0 };
  for (let id = 0; id < tokenizer.size; id++) {
    const piece = tokenizer.pieceOf(id);
    if (piece !== undefined) {
      const reachable = isReachable(tokenizer, id);
      const added = base.idOf(piece) === undefined;
      result.entries++;
      if (reachable) result.reachable++;
      if (added) result.added++;
      if (added && reachable) result.addedReachable++;
    }
    yield id + 1;
  }
  return result;
}
