/** The answers that the page plays until its model is open are what that model says. */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { LANGUAGES } from '#core/phantoms/question.ts';
import type { RecordedAnswer } from '#core/phantoms/recording.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { judge } from '#core/phantoms/verdict.ts';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { recordOpening } from '../../../cli/record-opening/record.ts';
import { makePackages, SHIPPED } from '../../../cli/teach/teaching-packages.ts';
import recording from '../../../src/labs/chat/demonstration/recording.json' with { type: 'json' };

vi.setConfig({ testTimeout: 120_000 });

const folder = fileURLToPath(new URL(`../../../public/models/${DEFAULT_PACKAGE.folder}`, import.meta.url));

beforeAll(() => makePackages({ ...SHIPPED, log: () => undefined }), 120_000);

/** Times differ from run to run. */
const said = ({ set, index, language, question, tokens }: Omit<RecordedAnswer, 'language'> & { language: string }) => ({
  ...{ set, index, language, question },
  tokens: tokens.map(({ id, text }) => ({ id, text })),
});

test('the shipped model gives the recorded tokens: else record again with `npm run record-opening`', async () => {
  const now = await recordOpening(folder, new AbortController().signal);
  expect(recording.model).toBe(now.model);
  expect(recording.answers.map(said)).toEqual(now.answers.map(said));
});

test('there are some in both languages, their times go forward, and each can be judged', () => {
  for (const language of LANGUAGES)
    expect(recording.answers.filter((answer) => answer.language === language).length).toBeGreaterThanOrEqual(3);
  for (const { set, index, question, tokens } of recording.answers) {
    const times = tokens.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const phantom = drawPhantom(phantomSeed('page', set, index));
    const answer = tokens.map(({ text }) => text).join('');
    expect(judge(question, answer, phantom), question).toBeDefined();
  }
});
