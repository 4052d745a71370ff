import type { Tokenizer } from '../tokenizer.ts';

/**
 * True if encoding the text of a token gives that token alone. Most other tokens are parts of characters (bytes) or errors
 * in the vocabulary that no text produces.
 */
export function isReachable(tokenizer: Tokenizer, id: number): boolean {
  if (tokenizer.pieceOf(id) === undefined) return false;
  const ids = tokenizer.encode(tokenizer.decode([id]));
  return ids.length === 1 && ids[0] === id;
}

export interface Reach {
  /** Number of vocabulary entries. */
  entries: number;
  reachable: number;
  /** Number of entries that are not in `base`. */
  added: number;
  addedReachable: number;
}

/** Checks the whole vocabulary in steps; yields the number of ids done and returns the result. */
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
