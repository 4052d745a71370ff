/**
 * A Korean vocabulary: what is appended to a base tokenizer. The new token of merge `i` is `left + right` and gets the id
 * `firstId + i`; its merge goes behind all merges of the base, in this order.
 */
export interface Pack {
  format: 'medgemma-ko-lab/korean/1';
  name: string;
  base: {
    /** SHA-256 of the base tokenizer.json, hex; a pack fits no other. */
    sha256: string;
    /** Ids of the base: largest id + 1. */
    size: number;
  };
  /** Id of the first new token. Gemma 3: 262,145, the first of the padding rows behind `<image_soft_token>`. */
  firstId: number;
  corpus: {
    /** SHA-256 of the text as read (unpacked), hex. */
    sha256: string;
    lines: number;
    /** Origin and licence of the text. */
    notice: string;
  };
  /** How the pieces were chosen. */
  method: 'bpe' | 'sentencepiece-filter';
  options: Record<string, string | number | boolean>;
  /** `left`, `right`, and how often the pair stood in the corpus when it was merged. */
  merges: [left: string, right: string, frequency: number][];
}
