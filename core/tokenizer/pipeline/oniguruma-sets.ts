/** What Oniguruma calls sets, anchors and control characters, in JavaScript's expressions with the flag `v`. */

const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
/** Outside of brackets, Oniguruma also counts the Latin-1 signs ², ³, ¹, ¼, ½ and ¾. */
export const LATIN_SIGNS = '\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}';
const WORD_AT = `[${WORD}${LATIN_SIGNS}]`;
export const ANY = '[\\s\\S]';
/** Outside and inside of brackets alike. */
export const SETS = new Map([
  ['s', '\\p{White_Space}'],
  ['S', '\\P{White_Space}'],
  ['d', '\\p{Nd}'],
  ['D', '\\P{Nd}'],
  ['w', WORD_AT],
  ['W', WORD_AT.replace('[', '[^')],
  ['h', '[0-9A-Fa-f]'],
  ['H', '[^0-9A-Fa-f]'],
]);
export const ANCHORS = new Map([
  ['A', `(?<!${ANY})`],
  ['z', `(?!${ANY})`],
  ['Z', `(?=\\n?(?!${ANY}))`],
  ['b', `(?:(?<!${WORD_AT})(?=${WORD_AT})|(?<=${WORD_AT})(?!${WORD_AT}))`],
  ['B', `(?:(?<!${WORD_AT})(?!${WORD_AT})|(?<=${WORD_AT})(?=${WORD_AT}))`],
]);
export const CONTROLS = new Map([
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['f', 12],
  ['v', 11],
  ['a', 7],
  ['e', 27],
]);
export const POSIX = new Map([
  ['alpha', '\\p{Alphabetic}'],
  ['alnum', '\\p{Alphabetic}\\p{Nd}'],
  ['digit', '\\p{Nd}'],
  ['upper', '\\p{Uppercase}'],
  ['lower', '\\p{Lowercase}'],
  ['space', '\\p{White_Space}'],
  ['cntrl', '\\p{Cc}'],
  ['xdigit', '0-9A-Fa-f'],
]);
export const PROPERTIES = new Set(
  (
    'L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp Cc Cf ' +
    'Alphabetic Uppercase Lowercase White_Space'
  ).split(' '),
);
export const SCRIPTS = new Set(
  'Han Hangul Hiragana Katakana Latin Cyrillic Greek Arabic Hebrew Thai Devanagari'.split(' '),
);
/** Pairs that Oniguruma also finds as one letter when case does not count: ß, ﬀ, ﬁ, ﬂ, ﬆ. */
export const FOLDED_PAIRS = new Set(['ss', 'st', 'ff', 'fi', 'fl']);
