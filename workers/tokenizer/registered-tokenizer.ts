import type { TokenizerInfo } from '#core/protocol/tokenizer.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';

/** A tokenizer that was read, with what is known from its source. */
export interface RegisteredTokenizer {
  tokenizer: Tokenizer;
  info: TokenizerInfo;
  /** The pack that extended the base; undefined for other tokenizers. */
  pack: Pack | undefined;
  /** True if no token spans a cut of `unitEnds`: units can be encoded one by one. */
  cutsAreSafe: boolean;
}
