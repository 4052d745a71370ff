import fc from 'fast-check';

const PIECES = [
  ' ',
  '  ',
  '\n',
  '\n\n',
  '\t',
  '\r\n',
  '\u0000',
  '\uFEFF',
  '\uFFFD',
  '▁',
  '▁▁',
  '<',
  '>',
  '<0x41>',
  '<unused1',
  'Ａ',
  'é',
  'e\u0301',
  '👨‍👩‍👧',
  'ﷺ',
  '1234',
  'the quick',
  '안녕하세요',
  '당뇨병',
  '한글',
  '\u1112\u1161\u11AB',
];

const between = (min: number, max: number) => fc.integer({ min, max }).map((unit) => String.fromCharCode(unit));

/** Texts of whatever may trip a tokenizer: scripts, spaces, jamo, emoji, lone surrogates, and the given added tokens. */
export function randomText(addedTokens: readonly string[]): fc.Arbitrary<string> {
  const bit = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: 'grapheme' }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 2, arbitrary: fc.constantFrom(...PIECES) },
    fc.constantFrom(...addedTokens),
    between(0xac00, 0xd7a3),
    between(0x1100, 0x11ff),
    between(0x4e00, 0x9fff),
    between(0xd800, 0xdfff),
  );
  return fc.array(bit, { maxLength: 12 }).map((bits) => bits.join(''));
}

/** Lone surrogates as U+FFFD, as `Tokenizer` takes them. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}
