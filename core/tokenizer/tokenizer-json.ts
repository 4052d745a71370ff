import { bpeParts } from './bpe-parts.ts';
import { BpeTokenizer } from './bpe-tokenizer.ts';
import { malformed } from './format-error.ts';
import { isRecord, type JsonRecord } from './json.ts';
import { readAddedTokens } from './json-added-tokens.ts';
import { readMerges, readModel, readVocabulary } from './json-model.ts';
import { readDecoder, readNormalizer, readPreTokenizer } from './json-steps.ts';

/**
 * A tokenizer out of a parsed tokenizer.json. `truncation`, `padding` and `post_processor` are left aside: they add to
 * the tokens of a text or take from them, and change none.
 *
 * Throws TokenizerFormatError: `malformed`, or `unsupported` where the file asks for what is not done exactly here, such
 * as `ByteLevel`.
 */
export function readTokenizerJson(json: unknown): BpeTokenizer {
  const { file, model } = openTokenizerJson(json);
  const options = readModel(model);
  const vocabulary = readVocabulary(model['vocab']);
  const { merges, rankEnd } = readMerges(model['merges'], vocabulary);
  const unknown = options.unknown === undefined ? undefined : vocabulary.idOf(options.unknown);
  if (options.unknown !== undefined && unknown === undefined) {
    throw malformed('model', `unk_token ${JSON.stringify(options.unknown)}`, 'is not in the vocabulary.');
  }
  return new BpeTokenizer(
    bpeParts(vocabulary, merges, { ...options, unknown }),
    { ...readSettings(file), addedTokens: readAddedTokens(file['added_tokens'], vocabulary) },
    rankEnd,
  );
}

/** What tokenizer.json says about the steps around the model. */
export function readSettings(file: JsonRecord) {
  const normalizer = readNormalizer(file['normalizer']);
  return { normalizer, ...readPreTokenizer(file['pre_tokenizer']), decoder: readDecoder(file['decoder']) };
}

/** The file and its model, which must be BPE. */
export function openTokenizerJson(json: unknown): { file: JsonRecord; model: JsonRecord } {
  if (!isRecord(json) || !isRecord(json['model'])) {
    throw malformed('file', 'no "model"', 'this is no tokenizer.json of Hugging Face tokenizers.');
  }
  return { file: json, model: json['model'] };
}
