/** The filter against what Python 3.11 gives: tests/reference/exam_filter.py runs the expressions of utils.py on the same texts. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { answerLetter } from '#core/exam/answer-letter.ts';
import { cutAtStop } from '#core/exam/prompt.ts';

interface Case {
  text: string;
  cut: string;
  letter: string;
}

const cases: Case[] = JSON.parse(await readFile(new URL('../../fixtures/exam/filter.json', import.meta.url), 'utf8'));

it(`finds Python's letter in ${cases.length} answers`, () => {
  expect(cases.length).toBeGreaterThan(200);
  const found = cases.map(({ text }) => ({ text, cut: cutAtStop(text), letter: answerLetter(text) ?? '' }));
  expect(found).toEqual(cases);
});

it.each([
  ['B', 'B'],
  ['B입니다', undefined],
  ['정답：B', 'B'],
  ['정답：B입니다', undefined],
  ['정답: b', 'B'],
  ['정답은 C 입니다', 'C'],
  ['A. 아니다\nC. 맞다', 'C'],
  ['<unused94>thought\n정답: A<unused95>정답: D', 'D'],
  ['<unused94>thought\n정답: A', undefined],
  ['모르겠습니다', undefined],
])('%j is %j', (text, letter) => expect(answerLetter(text)).toBe(letter));
