import type { BpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { malformed, TokenizerFormatError } from '../format-error.ts';
import { isJsonObject } from '../../json.ts';
import type { PipelineTokenizer } from '../pipeline/pipeline-tokenizer.ts';
import { checkFeatures, modelType } from './check-features.ts';
import { readPipelineTokenizer } from './read-pipeline.ts';
import { readTokenizerJson } from './tokenizer-json.ts';

export interface OpenedTokenizer {
  tokenizer: BpeTokenizer | PipelineTokenizer;
  /** `BPE`, `Unigram`, `WordPiece` or `WordLevel`. */
  model: string;
}

/**
 * Creates a tokenizer from a parsed tokenizer.json, for every path that shows tokens or counts them. Ignores `truncation`,
 * `padding` and `post_processor`: a text is encoded whole and without special tokens.
 *
 * @throws TokenizerFormatError `unsupported`, which names the feature, or `malformed`
 */
export function openTokenizer(json: unknown): OpenedTokenizer {
  // `readTokenizerJson` does so too; here it says what no encoder reads.
  checkFeatures(json);
  if (!isJsonObject(json) || !isJsonObject(json['model'])) throw malformed('file', '"model"', 'is missing.');
  const model = modelType(json['model']);
  try {
    return { tokenizer: readTokenizerJson(json), model };
  } catch (error) {
    if (!(error instanceof TokenizerFormatError) || error.reason !== 'unsupported') throw error;
    return { tokenizer: readPipelineTokenizer(json), model };
  }
}
