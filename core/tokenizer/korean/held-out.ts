/** A text for training and its part that is kept back, so that what a vocabulary saves is measured on sentences it never saw. */

/** Behind a sentence's end, with the quotes and brackets that close over it. */
const BOUNDARY = /(?<=[.!?。！？…]["'”’」』)\]]*)\s+/u;

/** Lines, and the sentences of a line; without the white space around them, none is empty. */
export function sentencesOf(text: string): string[] {
  return text
    .split(/[\r\n]+/u)
    .flatMap((line) => line.split(BOUNDARY))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
}

export interface Split {
  train: string[];
  heldOut: string[];
}

/**
 * Every `every`-th different sentence is held out, with all its repetitions: one that also stood in the training text would
 * be no unseen one.
 */
export function holdOut(sentences: readonly string[], every: number): Split {
  const different = [...new Set(sentences)];
  const heldOut = different.filter((_, index) => index % every === every - 1);
  const kept = new Set(heldOut);
  return { train: sentences.filter((sentence) => !kept.has(sentence)), heldOut };
}
