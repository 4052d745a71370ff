import { refuseOther } from '#core/files/other-file.ts';
import { looksLikeJson } from '#core/files/parse-json.ts';
import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { readTokenizerFile, refuseNoTokenizer } from './base-tokenizer.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';

/**
 * Reads a tokenizer from a tokenizer.json or a SentencePiece model. The content decides which, not the name.
 *
 * @throws CommandError that names the file, and the feature that is not supported; OtherFileError for a file of another kind
 */
export async function readAnyTokenizer(path: string): Promise<{ tokenizer: Tokenizer; sha256: string }> {
  const { bytes, sha256 } = await readWholeFile(path);
  if (looksLikeJson(bytes) || path.endsWith('.json')) {
    const json = parseJson(path, bytes, 'tokenizer');
    refuseNoTokenizer(path, json);
    return { tokenizer: readTokenizerFile(path, () => openTokenizer(json).tokenizer), sha256 };
  }
  refuseOther(bytes, path, 'tokenizer');
  return { tokenizer: readTokenizerFile(path, () => readSentencePiece(bytes)), sha256 };
}
