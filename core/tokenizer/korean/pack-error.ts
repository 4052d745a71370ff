/**
 * A pack that cannot be read, trained or merged. The message says what is wrong and what to do; no stack is shown.
 * - `pack`: the file breaks the format.
 * - `base`: it was made for another tokenizer, or the tokenizer is none that takes merges.
 * - `option`: training was asked for something that makes no sense.
 */
export class PackError extends Error {
  override readonly name = 'PackError';

  constructor(
    readonly reason: 'pack' | 'base' | 'option',
    message: string,
  ) {
    super(message);
  }
}
