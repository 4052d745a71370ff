/** Part of a tokenizer file that an error is about; names as in tokenizer.json. */
export type TokenizerPart =
  | 'file'
  | 'model'
  | 'normalizer'
  | 'pre_tokenizer'
  | 'post_processor'
  | 'decoder'
  | 'added_tokens'
  | 'truncation'
  | 'padding'
  | 'vocab'
  | 'merges';

export interface TokenizerFormatDetails extends ErrorOptions {
  /** `unsupported`: the file may be valid, but needs a feature that we do not implement. Another reader may open it. */
  reason?: 'malformed' | 'unsupported';
  part?: TokenizerPart;
  /** The value in the file: `ByteLevel`. */
  found?: string;
}

/** A tokenizer file or pack cannot be used. Users see the message, which says what is wrong and what to do, without a stack. */
export class TokenizerFormatError extends Error {
  override readonly name = 'TokenizerFormatError';
  readonly reason: 'malformed' | 'unsupported';
  readonly part: TokenizerPart;
  readonly found: string;

  constructor(message: string, details: TokenizerFormatDetails = {}) {
    super(message, details);
    this.reason = details.reason ?? 'malformed';
    this.part = details.part ?? 'file';
    this.found = details.found ?? '';
  }
}

/** The file violates its format, so no reader can open it. */
export function malformed(part: TokenizerPart, found: string, explanation: string): TokenizerFormatError {
  return new TokenizerFormatError(`${part}: ${found} ${explanation}`, { reason: 'malformed', part, found });
}

export function unsupported(part: TokenizerPart, found: string, explanation: string): TokenizerFormatError {
  return new TokenizerFormatError(`${part}: ${found}: ${explanation}`, { reason: 'unsupported', part, found });
}

/** Each step of a normalizer may lengthen a text tenfold. In UTF-16 units; texts in the page are shorter than a tenth of it. */
const MAX_NORMALIZED = 16_000_000;

/** @throws TokenizerFormatError */
export function refuseGrowth(length: number): void {
  if (length > MAX_NORMALIZED)
    throw unsupported('normalizer', 'Replace', `it makes a text of more than ${MAX_NORMALIZED} characters`);
}
