/** What is asked is what `npm run phantoms` writes: models are trained on the one and judged by the other. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TASKS } from '#core/phantoms/task.ts';
import { groupAt, groupCount, meanGrey, type QuestionSet } from '../../../cli/evaluate/questions.ts';
import { npyHeader, writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { folderOfFile } from './packages.ts';

const COUNT = 5;
const base: QuestionSet = {
  ...{ task: 'base', split: 'evaluation', seed: 7, count: COUNT, questions: 4, languages: ['en', 'ko'] },
  blank: undefined,
};

const folder = await folderOfFile();
const groups = (set: QuestionSet) => Array.from({ length: groupCount(set) }, (_, index) => groupAt(set, index));

describe.each(TASKS)('%s', (task) => {
  it('asks what the written set asks, about the same images', async () => {
    const out = join(folder, task);
    const set: QuestionSet = { ...base, task };
    await writePhantomSet({ out, task, split: 'evaluation', seed: 7, count: COUNT, questions: 4 });
    const lines = (await readFile(join(out, 'questions.jsonl'), 'utf8')).trim().split('\n');
    const asked = groups(set).flatMap(({ pairs, pixels }, image) =>
      pairs.map((pair) => JSON.stringify({ image: pixels ? image : null, ...pair })),
    );
    expect(asked).toEqual(lines);
    const images = (await readFile(join(out, 'images.npy'))).subarray(npyHeader('|u1', [COUNT, 64, 64]).length);
    const shown = groups(set).flatMap(({ pixels }) => (pixels ? [...pixels] : []));
    expect(images.equals(Uint8Array.from(shown))).toBe(true);
  });
});

it('leaves out a language', () => {
  const korean = groups({ ...base, languages: ['ko'] }).flatMap(({ pairs }) => pairs);
  const all = groups(base).flatMap(({ pairs }) => pairs);
  expect(korean).toEqual(all.filter(({ language }) => language === 'ko'));
  expect(korean.length).toBeGreaterThan(100);
});

it('shows the mean grey level of the set instead of images', () => {
  const shown = groups(base).flatMap(({ pixels }) => (pixels ? [...pixels] : []));
  const mean = Math.round(shown.reduce((sum, value) => sum + value) / shown.length);
  expect(meanGrey(base)).toBe(mean);
  const blank = groups({ ...base, blank: mean });
  expect(blank.map(({ pairs }) => pairs)).toEqual(groups(base).map(({ pairs }) => pairs));
  expect(new Set(blank.flatMap(({ pixels }) => (pixels ? [...pixels] : [])))).toEqual(new Set([mean]));
});
