import { isJsonObject } from '../../json.ts';
import type { BpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { compactAddedTokens, readCompactAddedTokens } from './added-tokens.ts';
import { malformed, unsupported } from '../format-error.ts';
import { impliedMerges, isScoredRange, mergeTableOf, scoredRangeOf } from './implied-merges.ts';
import { stringOf, type JsonRecord } from '../json/fields.ts';
import { readAddedTokens } from '../json/added-tokens.ts';
import { readMerges, readVocabulary } from '../json/model.ts';
import { assemble, openTokenizerJson } from '../json/tokenizer-json.ts';
import { readStrings, writeStrings } from '../text/utf8.ts';
import { PieceTable } from '../vocabulary.ts';

const FORMAT = 'medgemma-ko-lab/vocabulary/1';

/** Origin of a compact vocabulary. */
export interface CompactSource {
  /** Hex SHA-256 of the source tokenizer.json; packs identify their base by it. */
  sha256: string;
  /** Origin and licence. */
  notice: string;
}

/**
 * A tokenizer.json of a SentencePiece vocabulary without its merges, which the order of the pieces implies: a header
 * (four bytes of length, little-endian, then JSON) and the pieces in the order of ids, each closed by a byte 0xFF.
 * Gemma 3's 33 MB become 1.3 MB when gzipped.
 *
 * @throws TokenizerFormatError if the file's merges are not exactly the implied ones
 */
export function compactVocabulary(tokenizerJson: unknown, source: CompactSource): Uint8Array<ArrayBuffer> {
  const { file, model } = openTokenizerJson(tokenizerJson);
  const vocabulary = readVocabulary(model['vocab']);
  if (vocabulary.count !== vocabulary.size || vocabulary.idOf('') !== undefined) {
    throw unsupported('vocab', 'ids without a piece', 'the compact form has none.');
  }
  const { vocab: _vocab, merges, ...options } = model;
  const header = {
    format: FORMAT,
    ...source,
    pieces: vocabulary.size,
    scored: scoredRangeOf(readMerges(merges, vocabulary), vocabulary),
    file: { normalizer: file['normalizer'], pre_tokenizer: file['pre_tokenizer'], decoder: file['decoder'] },
    model: options,
    added: compactAddedTokens(readAddedTokens(file['added_tokens'], vocabulary), vocabulary),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const strings = writeStrings(vocabulary);
  const bytes = new Uint8Array(4 + text.length + strings.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(strings, 4 + text.length);
  return bytes;
}

/** The tokenizer that `compactVocabulary` wrote. @throws TokenizerFormatError for other data */
export function readCompact(bytes: Uint8Array): BpeTokenizer {
  const { header, strings } = openCompact(bytes);
  const { pieces, scored, file, model, added } = header;
  const table = typeof pieces === 'number' ? readStrings(strings, pieces) : undefined;
  if (!table || !isJsonObject(file) || !isJsonObject(model) || !isScoredRange(scored)) throw broken();
  const vocabulary = new PieceTable(table.units, table.lengths);
  const addedTokens = readCompactAddedTokens(added, vocabulary);
  if (!addedTokens) throw broken();
  const merges = impliedMerges(vocabulary, scored);
  return assemble(file, model, vocabulary, { merges: mergeTableOf(merges), rankEnd: merges.count }, addedTokens);
}

/** Origin of a compact vocabulary. @throws TokenizerFormatError for other data */
export function readCompactSource(bytes: Uint8Array): CompactSource {
  const { header } = openCompact(bytes);
  return { sha256: stringOf(header, 'sha256', 'file'), notice: stringOf(header, 'notice', 'file') };
}

function openCompact(bytes: Uint8Array): { header: JsonRecord; strings: Uint8Array } {
  const length = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length === 0 || length > bytes.length - 4) throw broken();
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + length)));
  } catch {
    throw broken();
  }
  if (!isJsonObject(header) || header['format'] !== FORMAT) throw broken();
  return { header, strings: bytes.subarray(4 + length) };
}

function broken() {
  return malformed('file', 'compact vocabulary', 'is damaged or no such file: build it again.');
}
