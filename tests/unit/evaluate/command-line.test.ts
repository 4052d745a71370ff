import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { groupAt, groupCount, type QuestionSet } from '../../../cli/evaluate/questions.ts';
import type { Scores } from '#core/phantoms/scores.ts';
import { main } from '../../../cli/evaluate/command.ts';
import { summaryTable } from '../../../cli/evaluate/table.ts';
import { entry, runCommandHere, runNodeProcess, startNodeProcess } from '../cli/run.ts';
import { exportRandomTeachingModel, folderOfFile } from './packages.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = await folderOfFile();
let package_: string;
let perplexitySeen: unknown;

beforeAll(async () => {
  package_ = await exportRandomTeachingModel(folder, 'fp32');
});

/** The task with the fewest questions without image. */
const args = (...more: string[]) => [
  ...['--package', package_, '--seed', '2', '--count', '2', '--languages', 'en', '--task', 'patient-side'],
  ...more,
];

it('prints JSON and nothing else, writes it to a file, and prints the same as a table from two processes', async () => {
  const out = join(folder, 'result.json');
  await writeFile(out, 'older');
  // A process of its own: nothing else may write to its stdout either.
  const one = await runNodeProcess([...entry('evaluate'), ...args('--json', '--threads', '1', '--out', out)]);
  expect(one.stderr).toContain('images and texts');
  expect(one.status).toBe(0);
  const result: unknown = JSON.parse(one.stdout);
  const set: QuestionSet = {
    ...{
      task: 'patient-side',
      split: 'evaluation',
      seed: 2,
      count: 2,
      questions: 4,
      languages: ['en'],
      blank: undefined,
    },
  };
  const pairs = Array.from({ length: groupCount(set) }, (_, index) => groupAt(set, index).pairs).flat();
  const fraction: unknown = expect.toSatisfy((value) => value >= 0 && value <= 1);
  const kinds = Object.fromEntries([...new Set(pairs.map(({ kind }) => kind))].map((kind) => [kind, fraction]));
  expect(result).toEqual({
    ...{ count: pairs.length, exact_match: 0, exact_match_about_images: 0, by_question: kinds, by_language: { en: 0 } },
    by_question_and_language: Object.fromEntries(Object.keys(kinds).map((kind) => [`${kind} en`, fraction])),
    perplexity: { en: expect.toSatisfy((value) => value > 100) },
    tokens_per_answer: { en: expect.toSatisfy((value) => value > 5) },
    prompt_tokens: { en: expect.toSatisfy((value) => value > 5) },
    ...{ package: 'random-fp32-1024', dtype: 'fp32', vision_dtype: 'fp32', split: 'evaluation', seed: 2, phantoms: 2 },
    ...{ questions_per_phantom: 4, task: 'patient-side', languages: ['en'], blank: false },
  });
  perplexitySeen = (result as Scores).perplexity;
  expect(await readFile(out, 'utf8')).toBe(one.stdout);
  const two = await runCommandHere(main, args('--threads', '2'));
  expect(two.stdout).toBe(`${summaryTable(result as Scores)}\n`);
});

it('shows the images no more with --blank', async () => {
  const blank = await runCommandHere(main, args('--json', '--blank', '--threads', '1'));
  const result: unknown = JSON.parse(blank.stdout);
  expect(result).toMatchObject({ blank: true, phantoms: 2 });
  expect(result).not.toMatchObject({ perplexity: perplexitySeen });
});

describe('ends with 1 on', () => {
  it.each<[string, () => string[], RegExp]>([
    ['no arguments', () => [], /required option '--package/],
    ['no package', () => args('--package', '/nowhere'), /^error: \/nowhere does not exist; --package names/m],
    ['an unknown task', () => args('--task', 'surgery'), /choices are base, report, patient-side/],
    ['an unknown split', () => args('--split', 'exam'), /choices are train, evaluation, page/],
    ['an unknown language', () => args('--languages', 'en,fr'), /Expected en or ko, got "fr"/],
    ['no phantoms', () => args('--count', '0'), /whole number from 1 to 1000000/],
    ['a folder for --out', () => args('--out', folder), /^error: .* is a folder; name a file with --out$/m],
    [
      'a folder that is not there',
      () => args('--out', join(folder, 'none', 'x')),
      /error: .*none is no folder; make it/,
    ],
  ])('%s', async (_, given, message) => {
    const { status, stdout, stderr } = await runCommandHere(main, given());
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });

  it('a context that is too short', async () => {
    const short = await exportRandomTeachingModel(folder, 'fp32', { context: 32 });
    const { status, stdout, stderr } = await runCommandHere(main, args('--package', short, '--threads', '1'));
    expect(stderr).toMatch(/^error: the package ends at 32 tokens, ".+" and its answer may take \d+; export with/m);
    expect([status, stdout]).toEqual([1, '']);
  });
});

it('can be stopped, and then writes nothing', async () => {
  const out = join(folder, 'stopped.json');
  const many = args('--count', '100000', '--threads', '1', '--out', out);
  const child = startNodeProcess([...entry('evaluate'), ...many]);
  await expect.poll(() => child.stderr(), { timeout: 30_000, interval: 20 }).toContain('of 100');
  child.kill('SIGINT');
  const { code, stderr } = await child.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('error: stopped by SIGINT; nothing was kept');
  expect((await readdir(folder)).filter((name) => name.startsWith('stopped'))).toEqual([]);
});
