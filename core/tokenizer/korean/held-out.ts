/** Splits a text into training and held-out sentences, so that a vocabulary is measured on unseen sentences. */

/** White space after the end of a sentence and its closing quotes and brackets. */
const BOUNDARY = /(?<=[.!?。！？…]["'”’」』)\]]*)\s+/u;

/** The sentences of all lines, trimmed, without empty ones. */
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
 * Holds out every `every`-th distinct sentence with all its repetitions, so that no held-out sentence is in the training text.
 */
export function holdOut(sentences: readonly string[], every: number): Split {
  const different = [...new Set(sentences)];
  const heldOut = different.filter((_, index) => index % every === every - 1);
  const kept = new Set(heldOut);
  return { train: sentences.filter((sentence) => !kept.has(sentence)), heldOut };
}
