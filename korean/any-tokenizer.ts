import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { tokenizerOf } from './base-tokenizer.ts';
import { parseJson, readWhole } from './files.ts';

/**
 * A tokenizer out of a tokenizer.json.
 *
 * @throws KoreanError that names the file
 */
export async function readAnyTokenizer(path: string): Promise<{ tokenizer: Tokenizer; sha256: string }> {
  const { bytes, sha256 } = await readWhole(path);
  return { tokenizer: tokenizerOf(path, parseJson(path, bytes)), sha256 };
}
