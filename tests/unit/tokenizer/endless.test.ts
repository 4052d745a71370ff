/** A tokenizer.json of anybody's whose steps would not come to an end, or would fill the memory, is refused by name. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { PatternError, translateOniguruma } from '#core/tokenizer/pipeline/oniguruma.ts';

test.each(['(a+)+b', '(.|.)*x', '(?:a?a?)*x', '((a?){8}){8}', 'a?'.repeat(40), '.*.*.*.*x', '(?:(?:ab)+c){1,9}'])(
  '%s may try more ways than can be waited for',
  (pattern) => {
    expect(() => translateOniguruma(pattern)).toThrow(PatternError);
    expect(() => translateOniguruma(pattern)).toThrow('may never end');
  },
);

// Of GPT-2, GPT-4o, DeepSeek, and forms without a way back.
test.each([
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+`,
  String.raw`[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  '(?>a+)*b',
  '(?:a++)*b',
  '(?:ab)+',
  '(a|b){9}',
])('%s is translated', (pattern) => {
  expect(() => translateOniguruma(pattern)).not.toThrow();
});

test('replacements that lengthen a text a billion times', () => {
  const file: unknown = JSON.parse(readFileSync('public/models/teaching-ko-q4/tokenizer.json', 'utf8'));
  const step = { type: 'Replace', pattern: { String: 'a' }, content: 'aaaaaaaaaa' };
  const normalizer = { type: 'Sequence', normalizers: Array.from({ length: 9 }, () => step) };
  const { tokenizer } = openTokenizer({ ...Object(file), normalizer });
  expect(() => tokenizer.encode('a')).toThrow(TokenizerFormatError);
  expect(() => tokenizer.encode('a')).toThrow('more than 16000000 characters');
});
