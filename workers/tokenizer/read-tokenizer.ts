import { FailureError } from '#core/failure.ts';
import type { TokenizerInfo } from '#core/protocol/tokenizer.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { readCompact, readCompactSource } from '#core/tokenizer/compact/compact.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import { reasonOf } from './bytes.ts';
import { cutsAreSafe } from './cuts.ts';
import { parseJson, utf8Text } from './json-text.ts';
import { openTokenizerJson } from './open-tokenizer.ts';
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
      encoder: 'own',
      placesAreExact: true,
      model: 'BPE',
    };
    return { tokenizer, sha256, info, pack: undefined, cutsAreSafe: cutsAreSafe(tokenizer) };
  } catch (error) {
    throw new FailureError('not-a-tokenizer', { file, reason: reasonOf(error) }, { cause: error });
  }
}

/** Reads a tokenizer.json, SentencePiece `.model` or pack; the format is recognised by the contents, not by the file name. */
export async function readTokenizer(bytes: Uint8Array, file: string, base: () => Base): Promise<RegisteredTokenizer> {
  const first = bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].includes(byte));
  // "{" or "[" begins JSON. A SentencePiece model begins with 0x0A, which is skipped as blank here, and a length.
  if (first === 0x7b || first === 0x5b) return readJson(parseJson(utf8Text(bytes, file), file), file, base);
  // Every SentencePiece model begins with its first piece: field 1 of the protobuf.
  if (bytes[0] === 0x0a) return readModel(bytes, file);
  throw new FailureError('unknown-file', { file });
}

async function readJson(json: unknown, file: string, base: () => Base): Promise<RegisteredTokenizer> {
  if (typeof json !== 'object' || json === null) {
    throw new FailureError('not-a-tokenizer', { file, reason: 'not a JSON object' });
  }
  const format: unknown = Reflect.get(json, 'format');
  if (typeof format === 'string' && format.startsWith('medgemma-ko-lab/')) return onBase(json, file, base());
  try {
    const opened = await openTokenizerJson(json);
    const { encoder, tokenizer } = opened;
    const info: TokenizerInfo = {
      size: tokenizer.size,
      firstNewId: undefined,
      encoder,
      placesAreExact: opened.encoder === 'own' || opened.tokenizer.exact,
      model: opened.encoder === 'own' ? 'BPE' : modelTypeOf(json),
    };
    return { tokenizer, info, pack: undefined, cutsAreSafe: opened.encoder === 'own' && cutsAreSafe(opened.tokenizer) };
  } catch (error) {
    if (!(error instanceof TokenizerFormatError)) throw error;
    const code = error.reason === 'unsupported' ? 'unsupported-tokenizer' : 'not-a-tokenizer';
    throw new FailureError(code, { file, reason: error.message }, { cause: error });
  }
}

function modelTypeOf(json: object): string {
  const model: unknown = Reflect.get(json, 'model');
  const type: unknown = typeof model === 'object' && model !== null ? Reflect.get(model, 'type') : undefined;
  return typeof type === 'string' ? type : 'BPE';
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
      info: { size: tokenizer.size, firstNewId: pack.firstId, encoder: 'own', placesAreExact: true, model: 'BPE' },
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
      encoder: 'own',
      placesAreExact: true,
      model: 'SentencePiece',
    };
    return { tokenizer, info, pack: undefined, cutsAreSafe: cutsAreSafe(tokenizer) };
  } catch (error) {
    if (!(error instanceof TokenizerFormatError)) throw error;
    throw new FailureError('sentencepiece', { file, reason: error.message }, { cause: error });
  }
}
