/**
 * A pack cannot be read, trained or merged. Users see the message, which says what is wrong and what to do, without a stack.
 * - `pack`: the file violates the format.
 * - `base`: the pack was made for another tokenizer, or the tokenizer does not support merges.
 * - `option`: a training option is invalid.
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
