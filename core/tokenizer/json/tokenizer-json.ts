import { isJsonObject } from '../../json.ts';
import type { AddedToken } from '../bpe/added-tokens.ts';
import { bpeParts } from '../bpe/parts.ts';
import { BpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { malformed, unsupported } from '../format-error.ts';
import { type JsonRecord } from './fields.ts';
import { checkFeatures } from './check-features.ts';
import { readAddedTokens } from './added-tokens.ts';
import { readMerges, readModel, readVocabulary, type RankedMerges } from './model.ts';
import { readDecoder, readNormalizer, readPreTokenizer } from './steps.ts';
import type { PieceTable } from '../vocabulary.ts';

/**
 * Creates a tokenizer from a parsed tokenizer.json. Ignores `truncation`, `padding` and `post_processor`, which only add or
 * remove tokens.
 *
 * @throws TokenizerFormatError `malformed`, or `unsupported` if the file needs a feature that is not implemented, such as
 *   `ByteLevel`
 */
export function readTokenizerJson(json: unknown): BpeTokenizer {
  const { file, model } = openTokenizerJson(json);
  const vocabulary = readVocabulary(model['vocab']);
  const merges = readMerges(model['merges'], vocabulary);
  return assemble(file, model, vocabulary, merges, readAddedTokens(file['added_tokens'], vocabulary));
}

/**
 * Checks that the file and its model use only supported features, before the vocabulary is read, so that unsupported files are
 * rejected early.
 */
export function openTokenizerJson(json: unknown): { file: JsonRecord; model: JsonRecord } {
  checkFeatures(json);
  if (!isJsonObject(json) || !isJsonObject(json['model'])) throw malformed('file', '"model"', 'is missing.');
  readModel(json['model']);
  readSettings(json);
  return { file: json, model: json['model'] };
}

/** Creates a tokenizer from the vocabulary and merge tables and the other settings of the file. */
export function assemble(
  file: JsonRecord,
  model: JsonRecord,
  vocabulary: PieceTable,
  { merges, rankEnd }: RankedMerges,
  addedTokens: readonly AddedToken[],
): BpeTokenizer {
  const options = readModel(model);
  const unknown = options.unknown === undefined ? undefined : vocabulary.idOf(options.unknown);
  if (options.unknown !== undefined && unknown === undefined) {
    // A valid file: Hugging Face tokenizers fails only at text that it does not know. See `readPipelineTokenizer`.
    throw unsupported('model', `unk_token ${JSON.stringify(options.unknown)}`, 'is not in the vocabulary.');
  }
  const parts = bpeParts(vocabulary, merges, { ...options, unknown });
  return new BpeTokenizer(parts, { ...readSettings(file), addedTokens }, rankEnd);
}

function readSettings(file: JsonRecord) {
  const normalizer = readNormalizer(file['normalizer']);
  return { normalizer, ...readPreTokenizer(file['pre_tokenizer']), decoder: readDecoder(file['decoder']) };
}
