/** The tokens of a text. Both arrays have one entry per token. */
export interface Segmentation {
  ids: Int32Array;
  /**
   * End of each token in the text, in UTF-16 units; a token starts at the end of the previous one. Tokens that share one
   * character (byte fallback) all end after it, so all but the first are empty ranges.
   */
  ends: Int32Array;
}

/** Kind of a token. */
export type TokenKind =
  /** A regular piece, formed by merges. */
  | 'piece'
  /** One byte of a character without a piece: `<0xEA>`. */
  | 'byte'
  /** Matched in the text before BPE: control tokens, and tokens from `add_tokens`. */
  | 'added'
  /** Represents text that the vocabulary cannot encode. */
  | 'unknown';

/** One merge in the formation of a token: the pieces `left` and `right` became `left + right`. */
export interface MergeStep {
  left: string;
  right: string;
  /** Position in the order of merges; smaller is earlier. */
  rank: number;
}

/** Encodes as Hugging Face tokenizers does with `add_special_tokens=False`: no BOS, added tokens in the text are recognised. */
export interface Tokenizer {
  /** Largest id + 1: the number of rows that an embedding matrix needs. */
  readonly size: number;
  /** Never throws, whatever the string holds: lone surrogates count as U+FFFD. */
  encode(text: string): Int32Array;
  segment(text: string): Segmentation;
  /** Text of the ids; invalid UTF-8 becomes U+FFFD. */
  decode(ids: Iterable<number>): string;
  /** The vocabulary entry, undecoded: `▁the`, `<0xEA>`. */
  pieceOf(id: number): string | undefined;
  idOf(piece: string): number | undefined;
  kindOf(id: number): TokenKind | undefined;
  /** The merges that form the piece from its characters, in the order in which BPE applies them; empty if there are none. */
  historyOf(id: number): MergeStep[];
}
