import { otherFileOf, OTHER_FILES } from '#core/other-files.ts';
import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { readTokenizerFile, refuseOtherJson } from './base-tokenizer.ts';
import { CommandError } from '../shared/errors.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';

/**
 * Reads a tokenizer from a tokenizer.json or a SentencePiece model. The content decides which, not the name.
 *
 * @throws CommandError that names the file, and the feature that is not supported or what the file is instead
 */
export async function readAnyTokenizer(path: string): Promise<{ tokenizer: Tokenizer; sha256: string }> {
  const { bytes, sha256 } = await readWholeFile(path);
  const kind = otherFileOf(bytes);
  if (kind) throw new CommandError(`${path} is ${OTHER_FILES[kind]}`);
  // A SentencePiece model begins with the tag of its first piece, 0x0A, and a length; JSON with optional white space and a brace.
  const isJson = /^\s*[{[]/.test(new TextDecoder().decode(bytes.subarray(0, 64))) || path.endsWith('.json');
  if (!isJson) return { tokenizer: readTokenizerFile(path, () => readSentencePiece(bytes)), sha256 };
  const json = parseJson(path, bytes);
  refuseOtherJson(path, json);
  return { tokenizer: readTokenizerFile(path, () => openTokenizer(json).tokenizer), sha256 };
}
