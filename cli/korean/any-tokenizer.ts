import { otherFormatOf } from '#core/model-files/magic.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { tokenizerOf } from './base-tokenizer.ts';
import { CommandError } from '../shared/errors.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';

/**
 * Reads a tokenizer from a tokenizer.json or a SentencePiece model. The content decides which, not the name.
 *
 * @throws CommandError that names the file
 */
export async function readAnyTokenizer(path: string): Promise<{ tokenizer: Tokenizer; sha256: string }> {
  const { bytes, sha256 } = await readWholeFile(path);
  // A SentencePiece model begins with the tag of its first piece, 0x0A, and a length; JSON with optional white space and a brace.
  const json = /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
  if (json || path.endsWith('.json')) return { tokenizer: tokenizerOf(path, parseJson(path, bytes)), sha256 };
  const other = otherFormatOf(bytes);
  if (other !== undefined) throw new CommandError(`${path} is no tokenizer but ${other}`);
  try {
    return { tokenizer: readSentencePiece(bytes), sha256 };
  } catch (error) {
    if (error instanceof TokenizerFormatError) throw new CommandError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
