import type { TokenizerInfo } from '#core/protocol/tokenizer.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';

/** A tokenizer that was read, with what its origin tells about it. */
export interface RegisteredTokenizer {
  tokenizer: Tokenizer;
  info: TokenizerInfo;
  /** What made it out of the base. */
  pack: Pack | undefined;
  /** No token reaches across the cuts of `unitEnds`: units can be encoded one by one. */
  cutsAreSafe: boolean;
}
