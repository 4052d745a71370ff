/** Classes of code points and places between them, as Python's `re` defines them for `str` patterns. */
import type { Holds } from './syntax.ts';

type Has = (code: number) => boolean;

const NEWLINE = 0x0a;

/** `str.isalnum()` and the underscore: combining marks are no word characters in Python. */
const WORD = /[\p{L}\p{N}_]/u;
const DIGIT = /\p{Nd}/u;
/** `str.isspace()`. */
const SPACE = /[\p{Zs}\t-\r\u0085\u2028\u2029]/u;
const isSeparator: Has = (code) => code >= 0x1c && code <= 0x1f;

const unicode = (expression: RegExp): Has => {
  return (code) => expression.test(String.fromCodePoint(code));
};
const ascii = (has: Has): Has => {
  return (code) => code < 128 && has(code);
};
const not = (has: Has): Has => {
  return (code) => !has(code);
};

const word = unicode(WORD);
const digit = unicode(DIGIT);
const unicodeSpace = unicode(SPACE);
const space: Has = (code) => isSeparator(code) || unicodeSpace(code);
/** With the flag `a` the ASCII separators U+001C … U+001F are no white space (Python's `\s` is then `[ \t\n\r\f\v]`). */
const asciiSpace: Has = (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** The class of `\d`, `\D`, `\s`, `\S`, `\w` or `\W`; undefined for another letter. @param isAscii with the flag `a` */
export function categoryOf(letter: string, isAscii: boolean): Has | undefined {
  switch (letter) {
    case 'd':
      return isAscii ? ascii(digit) : digit;
    case 'D':
      return not(isAscii ? ascii(digit) : digit);
    case 's':
      return isAscii ? asciiSpace : space;
    case 'S':
      return not(isAscii ? asciiSpace : space);
    case 'w':
      return isAscii ? ascii(word) : word;
    case 'W':
      return not(isAscii ? ascii(word) : word);
    default:
      return undefined;
  }
}

/** `.` @param dotAll with the flag `s` */
export function anyCharacter(dotAll: boolean): Has {
  return dotAll ? () => true : (code) => code !== NEWLINE;
}

/** `has`, for either case of an ASCII letter. */
export function inEitherCase(has: Has): Has {
  return (code) => {
    const lower = code | 0x20;
    const isLetter = code < 128 && lower >= 0x61 && lower <= 0x7a;
    return has(code) || (isLetter && has(code ^ 0x20));
  };
}

/** `\A` */
export const atStart: Holds = (_, at) => at === 0;
/** `\Z` */
export const atEnd: Holds = (codes, at) => at === codes.length;

/** `^` @param multiline with the flag `m` */
export function lineStart(multiline: boolean): Holds {
  return multiline ? (codes, at) => at === 0 || codes[at - 1] === NEWLINE : atStart;
}

const multilineEnd: Holds = (codes, at) => at === codes.length || codes[at] === NEWLINE;
/** `$` without the flag `m`: at the end, and before a newline that ends the text. */
export const textEnd: Holds = (codes, at) => at === codes.length || (at === codes.length - 1 && codes[at] === NEWLINE);

/** `$` @param multiline with the flag `m` */
export function lineEnd(multiline: boolean): Holds {
  return multiline ? multilineEnd : textEnd;
}

/** `\b`, and `\B` where `negative`. Python's `\B` does not match in an empty text (before 3.14). */
export function wordBoundary(negative: boolean, isAscii: boolean): Holds {
  const isWord = isAscii ? ascii(word) : word;
  const has = (code: number | undefined) => code !== undefined && isWord(code);
  return (codes, at) => codes.length > 0 && (has(codes[at - 1]) !== has(codes[at])) !== negative;
}
