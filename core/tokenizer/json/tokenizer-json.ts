import type { AddedToken } from '../bpe/added-tokens.ts';
import { bpeParts } from '../bpe/parts.ts';
import { BpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { malformed } from '../format-error.ts';
import { isRecord, type JsonRecord } from './fields.ts';
import { readAddedTokens } from './added-tokens.ts';
import { readMerges, readModel, readVocabulary, type RankedMerges } from './model.ts';
import { readDecoder, readNormalizer, readPreTokenizer } from './steps.ts';
import type { PieceTable } from '../vocabulary.ts';

/**
 * A tokenizer out of a parsed tokenizer.json. `truncation`, `padding` and `post_processor` are left aside: they add to
 * the tokens of a text or take from them, and change none.
 *
 * Throws TokenizerFormatError: `malformed`, or `unsupported` where the file asks for what is not done exactly here, such
 * as `ByteLevel`.
 */
export function readTokenizerJson(json: unknown): BpeTokenizer {
  const { file, model } = openTokenizerJson(json);
  const vocabulary = readVocabulary(model['vocab']);
  const merges = readMerges(model['merges'], vocabulary);
  return assemble(file, model, vocabulary, merges, readAddedTokens(file['added_tokens'], vocabulary));
}

/**
 * The file and its model, once both are known to ask for nothing that is not done here: what is refused should be
 * refused before the vocabulary is read.
 */
export function openTokenizerJson(json: unknown): { file: JsonRecord; model: JsonRecord } {
  if (!isRecord(json) || !isRecord(json['model'])) {
    throw malformed('file', '"model"', 'is missing: this is no tokenizer.json of Hugging Face tokenizers.');
  }
  readModel(json['model']);
  readSettings(json);
  return { file: json, model: json['model'] };
}

/** A tokenizer of tables that were read already, and of what the file says about the rest. */
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
    throw malformed('model', `unk_token ${JSON.stringify(options.unknown)}`, 'is not in the vocabulary.');
  }
  const parts = bpeParts(vocabulary, merges, { ...options, unknown });
  return new BpeTokenizer(parts, { ...readSettings(file), addedTokens }, rankEnd);
}

function readSettings(file: JsonRecord) {
  const normalizer = readNormalizer(file['normalizer']);
  return { normalizer, ...readPreTokenizer(file['pre_tokenizer']), decoder: readDecoder(file['decoder']) };
}
