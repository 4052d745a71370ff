/** One of the texts that a pack was learned from. */
export interface PackSource {
  file: string;
  sha256: string;
  lines: number;
  /** How often each of its words counted, `3`, or their part of all counted words, `40%`. */
  weight: string;
}

/**
 * A Korean vocabulary: tokens and merges that are appended to a base tokenizer. The new token of merge `i` is `left +
 * right` and gets the id `firstId + i`; its merge is appended after all merges of the base, in this order.
 */
export interface Pack {
  format: 'medgemma-ko-lab/korean/1';
  name: string;
  base: {
    /** SHA-256 of the base tokenizer.json, hex; a pack fits only this file. */
    sha256: string;
    /** Number of ids of the base: largest id + 1. */
    size: number;
  };
  /** Id of the first new token. Gemma 3: 262,145, the first padding row after `<image_soft_token>`. */
  firstId: number;
  corpus: {
    /** SHA-256 of the text as read (unpacked), hex; of several texts that of the lines that `sha256sum` prints of them. */
    sha256: string;
    lines: number;
    /** Origin and licence of the text. */
    notice: string;
    /** The texts, where there are several or one has a weight. */
    sources?: PackSource[];
  };
  /** How the pieces were chosen. */
  method: 'bpe' | 'sentencepiece-filter';
  options: Record<string, string | number | boolean>;
  /** `left`, `right`, and the frequency of the pair in the corpus when it was merged. */
  merges: [left: string, right: string, frequency: number][];
}
