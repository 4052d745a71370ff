import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { tokenizerOf } from './base-tokenizer.ts';
import { parseJson, readWhole } from './files.ts';

/**
 * A tokenizer out of a tokenizer.json.
 *
 * @throws KoreanError that names the file
 */
export async function readAnyTokenizer(path: string): Promise<Tokenizer> {
  const { bytes } = await readWhole(path);
  return tokenizerOf(path, parseJson(path, bytes));
}
