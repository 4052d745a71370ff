import { base64Decode } from '@bufbuild/protobuf/wire';
import { isJsonObject } from '../../json.ts';
import { malformed, unsupported, type TokenizerPart } from '../format-error.ts';
import * as decoders from '../pipeline/decoders.ts';
import * as normalizers from '../pipeline/normalizers.ts';
import { translateOniguruma } from '../pipeline/oniguruma.ts';
import * as preTokenizers from '../pipeline/pre-tokenizers.ts';
import { eachMatch, eachText, SPLIT_BEHAVIORS, type FindMatches, type SplitBehavior } from '../pipeline/split.ts';
import { booleanOf, countOf, stringOf, type JsonRecord } from './fields.ts';
import { listOf, prependScheme } from './steps.ts';

/** @throws TokenizerFormatError */
export function readNormalizers(json: unknown): normalizers.Normalize[] {
  return listOf(json, 'normalizers', 'normalizer').map(readNormalizer);
}

function readNormalizer(step: JsonRecord): normalizers.Normalize {
  const part = 'normalizer';
  const type = stringOf(step, 'type', part);
  switch (type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return normalizers.unicodeForm(type);
    case 'Lowercase':
      return normalizers.lowercase;
    case 'Strip':
      return normalizers.strip(needed(step, 'strip_left', part), needed(step, 'strip_right', part));
    case 'StripAccents':
      return normalizers.stripAccents;
    case 'Nmt':
      return normalizers.nmt;
    case 'ByteLevel':
      return normalizers.byteLevelNormalizer;
    case 'Precompiled':
      return normalizers.precompiled(base64(stringOf(step, 'precompiled_charsmap', part)));
    case 'Replace':
      return normalizers.replaceMatches(readPattern(step, part), stringOf(step, 'content', part));
    case 'Prepend':
      return normalizers.prepend(stringOf(step, 'prepend', part));
    case 'BertNormalizer': {
      const lowercase = needed(step, 'lowercase', part);
      return normalizers.bert({
        cleanText: needed(step, 'clean_text', part),
        handleChineseChars: needed(step, 'handle_chinese_chars', part),
        stripAccents: booleanOf(step, 'strip_accents', part, lowercase),
        lowercase,
      });
    }
    default:
      throw unsupported(part, type, 'is not done here.');
  }
}

/** @throws TokenizerFormatError */
export function readPreTokenizers(json: unknown): preTokenizers.PreTokenize[] {
  return listOf(json, 'pretokenizers', 'pre_tokenizer').map(readPreTokenizer);
}

function readPreTokenizer(step: JsonRecord): preTokenizers.PreTokenize {
  const part = 'pre_tokenizer';
  const type = stringOf(step, 'type', part);
  switch (type) {
    case 'ByteLevel':
      return preTokenizers.byteLevelPreTokenizer(
        needed(step, 'add_prefix_space', part),
        booleanOf(step, 'use_regex', part, true),
      );
    case 'Metaspace':
      return preTokenizers.metaspace({
        replacement: stringOf(step, 'replacement', part),
        prependScheme: prependScheme(step, part),
        split: booleanOf(step, 'split', part, true),
      });
    case 'Split':
      return preTokenizers.splitAt(readPattern(step, part), readBehavior(step, part), booleanOf(step, 'invert', part));
    case 'Digits':
      return preTokenizers.digits(needed(step, 'individual_digits', part));
    case 'Punctuation':
      return preTokenizers.punctuation(step['behavior'] === undefined ? 'Isolated' : readBehavior(step, part));
    case 'CharDelimiterSplit':
      return preTokenizers.splitAt(eachText(stringOf(step, 'delimiter', part)), 'Removed');
    case 'FixedLength': {
      const length = countOf(step, 'length', part);
      if (length === 0) throw unsupported(part, 'FixedLength, "length" 0', 'parts need a length.');
      return preTokenizers.fixedLength(length);
    }
    case 'Whitespace':
      return preTokenizers.whitespace;
    case 'WhitespaceSplit':
      return preTokenizers.whitespaceSplit;
    case 'BertPreTokenizer':
      return preTokenizers.bertPreTokenizer;
    default:
      throw unsupported(part, type, 'is not done here.');
  }
}

/** Undefined without a decoder. @throws TokenizerFormatError */
export function readDecoders(json: unknown): decoders.Decode[] | undefined {
  if (json === undefined || json === null) return undefined;
  return listOf(json, 'decoders', 'decoder').map(readDecoder);
}

function readDecoder(step: JsonRecord): decoders.Decode {
  const part = 'decoder';
  const type = stringOf(step, 'type', part);
  switch (type) {
    case 'ByteLevel':
      return decoders.byteLevelDecoder;
    case 'ByteFallback':
      return decoders.byteFallback;
    case 'Fuse':
      return decoders.fuse;
    case 'Strip':
      return decoders.stripDecoder(
        stringOf(step, 'content', part),
        countOf(step, 'start', part),
        countOf(step, 'stop', part),
      );
    case 'Replace':
      return decoders.replaceDecoder(readPattern(step, part), stringOf(step, 'content', part));
    case 'Metaspace':
      return decoders.metaspaceDecoder(stringOf(step, 'replacement', part), prependScheme(step, part) !== 'never');
    case 'WordPiece':
      return decoders.wordPieceDecoder(stringOf(step, 'prefix', part), needed(step, 'cleanup', part));
    case 'BPEDecoder':
      return decoders.bpeDecoder(stringOf(step, 'suffix', part));
    default:
      throw unsupported(part, type, 'is not done here.');
  }
}

function readPattern(step: JsonRecord, part: TokenizerPart): FindMatches {
  const pattern = step['pattern'];
  if (isJsonObject(pattern) && typeof pattern['String'] === 'string') return eachText(pattern['String']);
  if (isJsonObject(pattern) && typeof pattern['Regex'] === 'string')
    return eachMatch(translateOniguruma(pattern['Regex']));
  throw malformed(part, '"pattern"', 'has to be a String or a Regex.');
}

function readBehavior(step: JsonRecord, part: TokenizerPart): SplitBehavior {
  const found = SPLIT_BEHAVIORS.find((behavior) => behavior === step['behavior']);
  if (!found) throw malformed(part, '"behavior"', `has to be one of ${SPLIT_BEHAVIORS.join(', ')}.`);
  return found;
}

/** A flag that Hugging Face tokenizers wants. */
function needed(step: JsonRecord, key: string, part: TokenizerPart): boolean {
  if (typeof step[key] !== 'boolean') throw malformed(part, `"${key}"`, 'has to be true or false.');
  return step[key];
}

function base64(text: string): Uint8Array {
  try {
    return base64Decode(text);
  } catch (cause) {
    throw malformed('normalizer', 'precompiled_charsmap', `is not base64: ${String(cause)}`);
  }
}
