/** Character classes and position assertions, as Python's `re` defines them for `str` patterns. */
import type { PositionTest } from './syntax.ts';

type CodePointTest = (code: number) => boolean;

const NEWLINE = 0x0a;

/** `str.isalnum()` and the underscore. Combining marks are not word characters in Python. */
const WORD = /[\p{L}\p{N}_]/u;
const DIGIT = /\p{Nd}/u;
/** `str.isspace()`. */
const SPACE = /[\p{Zs}\t-\r\u0085\u2028\u2029]/u;
const isSeparator: CodePointTest = (code) => code >= 0x1c && code <= 0x1f;

const unicode = (expression: RegExp): CodePointTest => {
  return (code) => expression.test(String.fromCodePoint(code));
};
const ascii = (has: CodePointTest): CodePointTest => {
  return (code) => code < 128 && has(code);
};
const not = (has: CodePointTest): CodePointTest => {
  return (code) => !has(code);
};

const word = unicode(WORD);
const digit = unicode(DIGIT);
const unicodeSpace = unicode(SPACE);
const space: CodePointTest = (code) => isSeparator(code) || unicodeSpace(code);
/** With the flag `a`, Python's `\s` is `[ \t\n\r\f\v]`, without the ASCII separators U+001C … U+001F. */
const asciiSpace: CodePointTest = (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** The class of `\d`, `\D`, `\s`, `\S`, `\w` or `\W`; undefined for other letters. @param isAscii true with the flag `a` */
export function categoryOf(letter: string, isAscii: boolean): CodePointTest | undefined {
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
export function anyCharacter(dotAll: boolean): CodePointTest {
  return dotAll ? () => true : (code) => code !== NEWLINE;
}

/** `has` for either case of an ASCII letter. */
export function inEitherCase(has: CodePointTest): CodePointTest {
  return (code) => {
    const lower = code | 0x20;
    const isLetter = code < 128 && lower >= 0x61 && lower <= 0x7a;
    return has(code) || (isLetter && has(code ^ 0x20));
  };
}

/** `\A` */
export const atStart: PositionTest = (_, at) => at === 0;
/** `\Z` */
export const atEnd: PositionTest = (codes, at) => at === codes.length;

/** `^` @param multiline with the flag `m` */
export function lineStart(multiline: boolean): PositionTest {
  return multiline ? (codes, at) => at === 0 || codes[at - 1] === NEWLINE : atStart;
}

const multilineEnd: PositionTest = (codes, at) => at === codes.length || codes[at] === NEWLINE;
/** `$` without the flag `m`: at the end, and before a final newline. */
export const textEnd: PositionTest = (codes, at) =>
  at === codes.length || (at === codes.length - 1 && codes[at] === NEWLINE);

/** `$` @param multiline with the flag `m` */
export function lineEnd(multiline: boolean): PositionTest {
  return multiline ? multilineEnd : textEnd;
}

/** `\b`, and `\B` where `negative`. Python's `\B` does not match in an empty text (before 3.14). */
export function wordBoundary(negative: boolean, isAscii: boolean): PositionTest {
  const isWord = isAscii ? ascii(word) : word;
  const has = (code: number | undefined) => code !== undefined && isWord(code);
  return (codes, at) => codes.length > 0 && (has(codes[at - 1]) !== has(codes[at])) !== negative;
}
