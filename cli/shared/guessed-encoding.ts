import type { TextEncoding } from '#core/text/encoding.ts';

/** A note on a text file whose encoding was guessed. */
export function guessedEncoding(path: string, encoding: TextEncoding): string {
  return `${path} is read as ${encoding === 'euc-kr' ? 'CP949' : encoding}; save it as UTF-8 if texts look wrong`;
}
