/** Opens a tokenizer.json for the chat and the tokenizer lab: with our encoder, or with the library if ours cannot read it. */
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import type { LibraryTokenizer } from './library-tokenizer.ts';

export type OpenedTokenizer =
  | { encoder: 'own'; tokenizer: BpeTokenizer }
  /** @huggingface/tokenizers: slower, and without merge histories. */
  | { encoder: 'library'; tokenizer: LibraryTokenizer };

/**
 * @param json parsed tokenizer.json
 * @param config parsed tokenizer_config.json, from which the library takes its settings
 * @throws TokenizerFormatError: `malformed`, or `unsupported` if the library cannot run the file either
 */
export async function openTokenizerJson(json: object, config: object = {}): Promise<OpenedTokenizer> {
  let refused: TokenizerFormatError;
  try {
    return { encoder: 'own', tokenizer: readTokenizerJson(json) };
  } catch (error) {
    if (!(error instanceof TokenizerFormatError) || error.reason !== 'unsupported') throw error;
    refused = error;
  }
  // Few files need the library: it is loaded only for them.
  const { LibraryTokenizer } = await import('./library-tokenizer.ts');
  try {
    const tokenizer = new LibraryTokenizer(json, config);
    // Some files load without an error and fail at the first text.
    tokenizer.segment('É 가 Ａ');
    return { encoder: 'library', tokenizer };
  } catch (error) {
    const { part, found } = refused;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TokenizerFormatError(`${refused.message} / @huggingface/tokenizers: ${reason}`, {
      ...{ reason: 'unsupported', part, found },
      cause: error,
    });
  }
}
