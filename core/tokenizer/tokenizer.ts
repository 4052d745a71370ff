/** A text cut into tokens. Both arrays have one entry a token. */
export interface Segmentation {
  ids: Int32Array;
  /**
   * Where each token ends in the text, in UTF-16 units; it starts where the one before ends. Tokens that share one
   * character (byte fallback) all end behind it, so that all but the first of them are empty ranges.
   */
  ends: Int32Array;
}

/** What a token is to its vocabulary. */
export type TokenKind =
  /** A piece of text that merges reach. */
  | 'piece'
  /** One byte of a character that no piece covers: `<0xEA>`. */
  | 'byte'
  /** Cut out of the text before BPE: control tokens, and what was added by `add_tokens`. */
  | 'added'
  /** Stands for text that the vocabulary cannot express. */
  | 'unknown';

/** One merge on the way from characters to a token: the pieces `left` and `right` became `left + right`. */
export interface MergeStep {
  left: string;
  right: string;
  /** Position in the order of merges; smaller is earlier. */
  rank: number;
}

/** Encodes as Hugging Face tokenizers does with `add_special_tokens=False`: no BOS, added tokens in the text are recognised. */
export interface Tokenizer {
  /** Largest id + 1: the rows that an embedding matrix needs. */
  readonly size: number;
  /** Never throws, whatever the string holds: lone surrogates count as U+FFFD. */
  encode(text: string): Int32Array;
  segment(text: string): Segmentation;
  /** Text of the ids; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>): string;
  /** The vocabulary entry, undecoded: `▁the`, `<0xEA>`. */
  pieceOf(id: number): string | undefined;
  idOf(piece: string): number | undefined;
  kindOf(id: number): TokenKind | undefined;
  /** The merges that make the piece out of its characters, in the order in which BPE applies them; empty where none do. */
  historyOf(id: number): MergeStep[];
}
