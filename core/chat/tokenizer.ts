/** What the chat needs of a tokenizer; which library does it is the worker's business. */
export interface ChatTokenizer {
  /**
   * Token ids of a text, nothing added in front. With `special: false` control tokens written in the text are text:
   * `<end_of_turn>` becomes the ids of its characters and decodes to the same string.
   */
  encode(text: string, options: { special: boolean }): number[];
  /** The text of the ids, special tokens included. Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
  idOf(token: string): number | undefined;
  /** The vocabulary entry, undecoded: `▁the`, `<0xEA>`. */
  tokenOf(id: number): string | undefined;
  /** True for tokens that are never shown: `<bos>`, `<end_of_turn>`, … */
  isSpecial(id: number): boolean;
  /** Tokens that steer the model and that no text may forge. */
  readonly controlTokens: readonly string[];
}

/** Finds the control tokens in a text, the longest where several start at one place. */
export class ControlTokenFinder {
  private readonly tokens: ReadonlySet<string>;
  /** Longest first. */
  private readonly lengths: readonly number[];
  /** Every character that a control token starts with. */
  readonly firstCharacters: ReadonlySet<string>;

  constructor(tokens: readonly string[]) {
    this.tokens = new Set(tokens);
    this.lengths = [...new Set(tokens.map((token) => token.length))].sort((a, b) => b - a);
    this.firstCharacters = new Set(tokens.map((token) => token.charAt(0)));
  }

  /** The first control token at or after `from` (UTF-16 units). */
  next(text: string, from: number): { at: number; token: string } | undefined {
    for (let at = from; at < text.length; at++) {
      if (!this.firstCharacters.has(text.charAt(at))) continue;
      for (const length of this.lengths) {
        const token = text.slice(at, at + length);
        if (this.tokens.has(token)) return { at, token };
      }
    }
    return undefined;
  }
}
