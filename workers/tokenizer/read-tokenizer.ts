import { FailureError } from '#core/failure.ts';
import { refuseOther, refuseOtherJson } from '#core/files/other-file.ts';
import { looksLikeJson } from '#core/files/parse-json.ts';
import type { TokenizerInfo } from '#core/protocol/tokenizer.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { readCompact, readCompactSource } from '#core/tokenizer/compact/compact.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import { tokenizerFailure } from '../jobs/failure-of.ts';
import { reasonOf } from './bytes.ts';
import { cutsAreSafe } from './cuts.ts';
import { parseJson, utf8Text } from './json-text.ts';
import type { RegisteredTokenizer } from './registered-tokenizer.ts';

/** The base that packs extend, with the hash by which they name it. */
export interface Base extends RegisteredTokenizer {
  tokenizer: BpeTokenizer;
  sha256: string;
}

export function readBase(bytes: Uint8Array, file: string): Base {
  try {
    const tokenizer = readCompact(bytes);
    const { sha256 } = readCompactSource(bytes);
    const info: TokenizerInfo = {
      size: tokenizer.size,
      firstNewId: undefined,
      model: 'BPE',
    };
    return { tokenizer, sha256, info, pack: undefined, cutsAreSafe: cutsAreSafe(tokenizer) };
  } catch (error) {
    throw new FailureError('not-a-tokenizer', { file, reason: reasonOf(error) }, { cause: error });
  }
}

/** Reads a tokenizer.json, SentencePiece `.model` or pack; the format is recognised by the contents, not by the file name. */
export function readTokenizer(bytes: Uint8Array, file: string, base: () => Base): RegisteredTokenizer {
  // A SentencePiece model begins with 0x0A, which is skipped as blank here, and a length.
  if (looksLikeJson(bytes)) return readJson(parseJson(utf8Text(bytes, file), file), file, base);
  refuseOther(bytes, file, 'tokenizer');
  // Every SentencePiece model begins with its first piece: field 1 of the protobuf.
  if (bytes[0] === 0x0a) return readModel(bytes, file);
  throw new FailureError('unknown-file', { file });
}

function readJson(json: unknown, file: string, base: () => Base): RegisteredTokenizer {
  if (typeof json !== 'object' || json === null) {
    throw new FailureError('not-a-tokenizer', { file, reason: 'not a JSON object' });
  }
  refuseOtherJson(json, file, 'tokenizer');
  const format: unknown = Reflect.get(json, 'format');
  if (typeof format === 'string' && format.startsWith('medgemma-ko-lab/')) return onBase(json, file, base());
  try {
    const { tokenizer, model } = openTokenizer(json);
    const info: TokenizerInfo = { size: tokenizer.size, firstNewId: undefined, model };
    return { tokenizer, info, pack: undefined, cutsAreSafe: cutsAreSafe(tokenizer) };
  } catch (error) {
    if (!(error instanceof TokenizerFormatError)) throw error;
    const { code, detail } = tokenizerFailure(error, file);
    throw new FailureError(code, detail, { cause: error });
  }
}

function onBase(json: unknown, file: string, base: Base): RegisteredTokenizer {
  try {
    const pack = readPack(json);
    if (pack.base.sha256 !== base.sha256) {
      throw new FailureError('pack-base', {
        file,
        expected: base.sha256.slice(0, 12),
        found: pack.base.sha256.slice(0, 12),
      });
    }
    const tokenizer = base.tokenizer.withMerges(pack.merges, pack.firstId);
    return {
      tokenizer,
      info: { size: tokenizer.size, firstNewId: pack.firstId, model: 'BPE' },
      pack,
      cutsAreSafe: base.cutsAreSafe && cutsAreSafe(tokenizer, pack.firstId),
    };
  } catch (error) {
    if (error instanceof PackError || error instanceof RangeError) {
      throw new FailureError('pack', { file, reason: error.message }, { cause: error });
    }
    throw error;
  }
}

function readModel(bytes: Uint8Array, file: string): RegisteredTokenizer {
  try {
    const tokenizer = readSentencePiece(bytes);
    const info: TokenizerInfo = {
      size: tokenizer.size,
      firstNewId: undefined,
      model: 'SentencePiece',
    };
    return { tokenizer, info, pack: undefined, cutsAreSafe: cutsAreSafe(tokenizer) };
  } catch (error) {
    if (!(error instanceof TokenizerFormatError)) throw error;
    if (error.reason === 'malformed')
      throw new FailureError('sentencepiece', { file, reason: error.message }, { cause: error });
    const { code, detail } = tokenizerFailure(error, file);
    throw new FailureError(code, detail, { cause: error });
  }
}
