import { IntlMessageFormat } from 'intl-messageformat';
import { expect, test } from 'vitest';
import { en } from '../../../src/messages/en.ts';
import { ko } from '../../../src/messages/ko.ts';

const argumentsOf = (text: string) => [...text.matchAll(/\{(\w+)/g)].map(([, name]) => name).sort();

test.each(Object.entries(ko))('%s is well formed and takes the same arguments in both languages', (key, korean) => {
  const english = Object.entries(en).find(([name]) => name === key)?.[1] ?? '';
  expect(english).not.toBe('');
  expect(argumentsOf(english)).toEqual(argumentsOf(korean));
  const values = Object.fromEntries(argumentsOf(korean).map((name) => [name, 'X']));
  for (const [locale, text] of [
    ['ko', korean],
    ['en', english],
  ] as const)
    expect(String(new IntlMessageFormat(text, locale).format(values))).not.toMatch(/[{}]/);
});
