/** docs/failures.md names a test, the page's words and its buttons for every failure: none of them may be made up or forgotten. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureActions, isFailureCode, type Situation } from '../../../src/chat/failure-actions.ts';
import { en } from '../../../src/messages/shell/en.ts';

const text = readFileSync('docs/failures.md', 'utf8');
const everyCode = Object.keys(en)
  .flatMap((key) => /^failure\.([\w-]+)\.title$/.exec(key)?.[1] ?? [])
  .filter(isFailureCode);
const rows = text.split('\n').flatMap((line) => {
  const [, code, words, buttons, tests] =
    /^\| `([\w-]+)`\s*\| (.*?)\s*\| (.*?)\s*\| (.*?)\s*\|$/.exec(line)?.map((cell) => cell.trim()) ?? [];
  return code && words && buttons && tests ? [{ code, words, buttons, tests }] : [];
});

test('each failure code has one row', () => {
  expect(everyCode.length).toBeGreaterThan(50);
  expect(rows.map(({ code }) => code).sort()).toEqual([...everyCode].sort());
});

test('each row has the words and the buttons of the page', () => {
  const situation: Omit<Situation, 'of'> = {
    ...{ fromAddress: true, provider: 'auto', hasWebGpu: true, canShortenContext: true, canDropOldest: true },
    ...{ longerContexts: [8192, 16384, 32768], hasText: true, images: 0, earlierImages: 0, isKept: true },
  };
  for (const { code, words, buttons } of rows) {
    if (!isFailureCode(code)) throw new Error(code);
    const labels = (of: Situation['of']) =>
      failureActions({ code, detail: {} }, { ...situation, of }).map((action) => en[`action.${action}`]);
    const [answer, opening] = [labels('answer').join(', ') || '–', labels('opening').join(', ') || '–'];
    // A title can name the kind of a file by a list of kinds.
    const title = en[`failure.${code}.title`].replace(/\{kind, select.*\}(?=: \{file\}$)/su, '{kind}');
    expect({ code, words, buttons }).toEqual({
      ...{ code, words: title },
      buttons: answer === opening ? answer : `${answer} / ${opening}`,
    });
  }
});

test('each test that is named exists', () => {
  const links = [...text.matchAll(/\[([^\]]+)\]\(\.\.\/(tests\/[^)]+)\)/gu)];
  const missing = links.filter(
    ([, title = '', path = '']) => !existsSync(path) || !readFileSync(path, 'utf8').includes(title),
  );
  expect(missing.map(([link]) => link)).toEqual([]);
  for (const { code, tests } of rows)
    expect([code, tests]).toEqual([code, expect.stringMatching(/\]\(\.\.\/tests\//u)]);
});
