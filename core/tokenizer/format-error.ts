/** A tokenizer file or pack that cannot be used. The message says what is wrong with it and what to do; no stack is shown. */
export class TokenizerFormatError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TokenizerFormatError';
  }
}
