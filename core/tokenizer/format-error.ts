/** Which part of a tokenizer file an error is about; names as in tokenizer.json. */
export type TokenizerPart =
  'file' | 'model' | 'normalizer' | 'pre_tokenizer' | 'decoder' | 'added_tokens' | 'vocab' | 'merges';

export interface TokenizerFormatDetails extends ErrorOptions {
  /** `unsupported`: the file may be right, but asks for what is not done exactly here. Another reader may open it. */
  reason?: 'malformed' | 'unsupported';
  part?: TokenizerPart;
  /** What was found, in the file's own words: `ByteLevel`. */
  found?: string;
}

/** A tokenizer file or pack that cannot be used. The message says what is wrong with it and what to do; no stack is shown. */
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

/** The file breaks its own format: no reader can do anything with it. */
export function malformed(part: TokenizerPart, found: string, explanation: string): TokenizerFormatError {
  return new TokenizerFormatError(`${part}: ${found} ${explanation}`, { reason: 'malformed', part, found });
}

export function unsupported(part: TokenizerPart, found: string, explanation: string): TokenizerFormatError {
  return new TokenizerFormatError(`${part}: ${found}: ${explanation}`, { reason: 'unsupported', part, found });
}
