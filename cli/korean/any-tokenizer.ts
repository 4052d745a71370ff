import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { tokenizerOf } from './base-tokenizer.ts';
import { KoreanError } from './errors.ts';
import { parseJson, readWhole } from '../shared/files.ts';

/**
 * A tokenizer out of a tokenizer.json or a SentencePiece model, whatever the file is called.
 *
 * @throws KoreanError that names the file
 */
export async function readAnyTokenizer(path: string): Promise<{ tokenizer: Tokenizer; sha256: string }> {
  const { bytes, sha256 } = await readWhole(path);
  // A model begins with the tag of its first piece, 0x0A, and a length; JSON with a brace, behind white space or none.
  const json = /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
  if (json || path.endsWith('.json')) return { tokenizer: tokenizerOf(path, parseJson(path, bytes)), sha256 };
  try {
    return { tokenizer: readSentencePiece(bytes), sha256 };
  } catch (error) {
    if (error instanceof TokenizerFormatError) throw new KoreanError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
