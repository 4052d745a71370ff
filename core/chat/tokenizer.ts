/** The tokenizer functions that the chat uses; the worker chooses the implementation. */
export interface ChatTokenizer {
  /**
   * Token ids of a text, without BOS. With `special: false`, control tokens in the text are encoded as plain text:
   * `<end_of_turn>` becomes the ids of its characters and decodes to the same string.
   */
  encode(text: string, options: { special: boolean }): number[];
  /** Text of the ids, special tokens included. Invalid UTF-8 becomes U+FFFD. */
  decode(ids: readonly number[]): string;
  idOf(token: string): number | undefined;
  /** The vocabulary entry, undecoded: `▁the`, `<0xEA>`. */
  tokenOf(id: number): string | undefined;
  /** True for tokens that are never displayed: `<bos>`, `<end_of_turn>`, … */
  isSpecial(id: number): boolean;
  /** Tokens that control the model, such as `<start_of_turn>`; message text must not produce them. */
  readonly controlTokens: readonly string[];
}

/** Finds the control tokens in a text; the longest one if several start at the same position. */
export class ControlTokenFinder {
  private readonly tokens: ReadonlySet<string>;
  /** Longest first. */
  private readonly lengths: readonly number[];
  /** First characters of all control tokens. */
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
