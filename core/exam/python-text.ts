/** What Python's `str` and `re` take for a space and for a letter of a word; JavaScript's `\s`, `trim` and `\b` differ. */

/** Characters of a class of a regular expression with the flag "u": Python's `\s` of str. U+FEFF is not among them. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** As `SPACE`: Python's `\w`. Hangul is among it, so there is no word boundary between a letter and Hangul. */
export const WORD = '\\p{L}\\p{N}_';

const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'gu');

/** Python's `str.strip()`. */
export function strip(text: string): string {
  return text.replace(ENDS, '');
}
