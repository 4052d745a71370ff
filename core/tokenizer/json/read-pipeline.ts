import { isJsonObject, type Json } from '../../json.ts';
import { BpeModel } from '../bpe/model.ts';
import { bpeParts, byteIds } from '../bpe/parts.ts';
import { malformed, unsupported } from '../format-error.ts';
import { BYTE_CHARACTERS } from '../pipeline/characters.ts';
import { affixedBpe, wordLevel, wordPiece, type Model } from '../pipeline/models.ts';
import { PipelineTokenizer } from '../pipeline/pipeline-tokenizer.ts';
import { unigram } from '../pipeline/unigram.ts';
import { PieceTable } from '../vocabulary.ts';
import { readAddedTokens } from './added-tokens.ts';
import { modelType } from './check-features.ts';
import { booleanOf, countOf, stringOf } from './fields.ts';
import { readMerges, readVocabulary } from './model.ts';
import { readDecoders, readNormalizers, readPreTokenizers } from './pipeline-steps.ts';

/**
 * Creates a tokenizer for every kind of file that `checkFeatures` passes.
 * @throws TokenizerFormatError
 */
export function readPipelineTokenizer(file: Json): PipelineTokenizer {
  const json = file['model'];
  if (!isJsonObject(json)) throw malformed('file', '"model"', 'is missing.');
  const { vocabulary, model, unknown, bytes } = readModel(json, byteLevels(file));
  return new PipelineTokenizer({
    ...{ vocabulary, model, unknown, bytes: bytes ?? [] },
    addedTokens: readAddedTokens(file['added_tokens'], vocabulary),
    normalizers: readNormalizers(file['normalizer']),
    preTokenizers: readPreTokenizers(file['pre_tokenizer']),
    decoders: readDecoders(file['decoder']),
  });
}

/** True if every text reaches the model as characters that stand for bytes. */
function byteLevels(file: Json): boolean {
  return JSON.stringify([file['normalizer'], file['pre_tokenizer']]).includes('{"type":"ByteLevel"');
}

interface ReadModel {
  vocabulary: PieceTable;
  model: Model;
  unknown: number | undefined;
  bytes?: Int32Array | undefined;
}

function readModel(json: Json, ofBytes: boolean): ReadModel {
  const type = modelType(json);
  if (type === 'BPE') return readBpe(json, ofBytes);
  if (type === 'Unigram') return readUnigram(json);
  const vocabulary = readVocabulary(json['vocab']);
  const token = stringOf(json, 'unk_token', 'model');
  const unknown = vocabulary.idOf(token);
  if (unknown === undefined) throw noUnknown(token);
  if (type === 'WordLevel') return { vocabulary, unknown, model: wordLevel(vocabulary, unknown) };
  const prefix = stringOf(json, 'continuing_subword_prefix', 'model');
  const maxCharacters = countOf(json, 'max_input_chars_per_word', 'model');
  return { vocabulary, unknown, model: wordPiece(vocabulary, { unknown, prefix, maxCharacters }) };
}

function readBpe(json: Json, ofBytes: boolean): ReadModel {
  const vocabulary = readVocabulary(json['vocab']);
  const textOf = (key: string) => ((json[key] ?? '') === '' ? '' : stringOf(json, key, 'model'));
  const [prefix, suffix, token] = ['continuing_subword_prefix', 'end_of_word_suffix', 'unk_token'].map(textOf);
  const fuseUnknown = booleanOf(json, 'fuse_unk', 'model');
  const ignoreMerges = booleanOf(json, 'ignore_merges', 'model');
  const byteFallback = booleanOf(json, 'byte_fallback', 'model');
  const bytes = byteFallback ? byteIds(vocabulary) : undefined;
  const unknown = token ? vocabulary.idOf(token) : undefined;
  // Hugging Face tokenizers fails only at the first unknown character, of which there may be none.
  const complete = bytes?.includes(-1) === false || (ofBytes && coversBytes(vocabulary, prefix || suffix));
  if (token && unknown === undefined && !complete) throw noUnknown(token);
  const options = { unknown, fuseUnknown, ignoreMerges };
  const { merges } = readMerges(json['merges'], vocabulary, prefix);
  if (prefix || suffix) {
    const model = affixedBpe(vocabulary, { ...options, merges, bytes, prefix: prefix ?? '', suffix: suffix ?? '' });
    return { vocabulary, unknown, bytes, model };
  }
  const model = new BpeModel(bpeParts(vocabulary, merges, { ...options, byteFallback }));
  return { vocabulary, unknown, bytes, model };
}

function coversBytes(vocabulary: PieceTable, affix: string | undefined): boolean {
  return !affix && BYTE_CHARACTERS.every((character) => vocabulary.idOf(character) !== undefined);
}

function readUnigram(json: Json): ReadModel {
  const list = json['vocab'];
  if (!Array.isArray(list)) throw malformed('vocab', '"vocab"', 'has to be a list of pieces and scores.');
  const seen = new Set<string>();
  const entries = (list as unknown[]).map((entry, id) => {
    const [piece, score]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== 'string' || typeof score !== 'number')
      throw malformed('vocab', `entry ${id}`, 'is not a piece and a score.');
    if (seen.has(piece)) throw unsupported('vocab', JSON.stringify(piece), 'a piece with two ids is not read here.');
    if (piece === '') throw unsupported('vocab', '""', 'an empty piece is not read here.');
    seen.add(piece);
    return { piece, score };
  });
  const unknown = json['unk_id'] ?? undefined;
  if (unknown === undefined)
    throw unsupported('model', 'Unigram, "unk_id" null', 'Hugging Face tokenizers fails at unknown characters then.');
  const id = countOf(json, 'unk_id', 'model');
  if (id >= entries.length) throw malformed('model', `"unk_id" ${id}`, 'is not in the vocabulary.');
  const vocabulary = PieceTable.of(entries.map(({ piece }) => piece));
  const bytes = booleanOf(json, 'byte_fallback', 'model') ? byteIds(vocabulary) : undefined;
  const scores = Float64Array.from(entries, ({ score }) => score);
  return { vocabulary, unknown: id, bytes, model: unigram(vocabulary, { scores, unknown: id, bytes }) };
}

function noUnknown(token: string) {
  return unsupported(
    'model',
    `unk_token ${JSON.stringify(token)}`,
    'is not in the vocabulary: Hugging Face tokenizers fails at unknown text then.',
  );
}
