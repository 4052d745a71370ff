/** Compares two answers word by word. */

export interface Word {
  text: string;
  /** True if the reference contains the word too, in the same order. */
  same: boolean;
}

/** The words of `text`, marked by a longest common subsequence with those of `reference` (Hunt and McIlroy 1976). */
export function differingWords(reference: string, text: string): Word[] {
  const [old, now] = [wordsOf(reference), wordsOf(text)];
  // common[i][j]: length of the longest common subsequence of what follows word i of the one and word j of the other.
  const common = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const row = common[i];
      if (row) row[j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const words: Word[] = [];
  let i = 0;
  for (const [j, word] of now.entries()) {
    while (i < old.length && old[i] !== word && at(i + 1, j) > at(i, j + 1)) i++;
    const same = i < old.length && old[i] === word;
    if (same) i++;
    words.push({ text: word, same });
  }
  return words;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
