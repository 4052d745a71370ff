/** The exam lab without a browser: what it asks of the engine, how a run goes on, and which files it takes. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ExamAnswer } from '#core/exam/answer.ts';
import { OWN_EXAM, OWN_EXAMPLES, OWN_QUESTIONS } from '#core/exam/own-questions.ts';
import type { ExamSetting } from '#core/exam/run.ts';
import { FailureError } from '#core/failure.ts';
import type { ExamJobEvent, ExamJobRequest } from '#core/protocol/exam.ts';
import { fetchFromHub, readChosen } from '../../../src/labs/exam/exam-files.ts';
import { Keeping } from '../../../src/labs/exam/keeping.svelte.ts';
import { runCsv } from '../../../src/labs/exam/run-csv.ts';
import { Runs } from '../../../src/labs/exam/runs.svelte.ts';
import { differencesOf } from '../../../src/labs/exam/setting-text.ts';

const setting: ExamSetting = {
  ...{ name: 'a', manifestSha256: undefined, decoder: 'q4', vocabularySize: 8, parameters: 1, randomWeights: false },
  ...{ provider: 'wasm', device: '', contextLength: 512, adapters: [{ name: 'b', rank: 4, strength: 0.5 }] },
};
const data = { id: OWN_EXAM, name: 'own', savedAt: 0, questions: [...OWN_QUESTIONS], examples: [...OWN_EXAMPLES] };
const how = { way: 'generate', shots: 5, chatTemplate: false } as const;
const answer: ExamAnswer = {
  ...{ chosen: 'B', text: '=B', ended: 'enough', promptTokens: 9, newTokens: 2, milliseconds: 100 },
};

/** Answers as many questions as it is told to, then stops. */
class FakeEngine {
  asked: ExamJobRequest[] = [];
  paused = 0;
  constructor(private readonly upTo: number[]) {}

  exam(request: ExamJobRequest, on: (event: ExamJobEvent) => void): Promise<void> {
    this.asked.push(request);
    const count = Math.min(request.questions.length, this.upTo.shift() ?? Infinity);
    for (let at = 0; at < count; at++) on({ type: 'answered', at, answer });
    on(count < request.questions.length ? { type: 'stopped' } : { type: 'done', answered: count });
    return Promise.resolve();
  }

  pauseExam(): Promise<void> {
    this.paused++;
    return Promise.resolve();
  }
}

beforeEach(() => vi.spyOn(console, 'warn').mockImplementation(() => undefined));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test('a run that stopped goes on behind its last answer, with its own strengths, and the same can be asked again', async () => {
  const engine = new FakeEngine([3]);
  // Node has no IndexedDB: all works, and the lab says that nothing is kept.
  const keeping = new Keeping();
  const runs = new Runs(engine, keeping, () => Promise.resolve(true));
  await runs.begin(data, { size: 10, seed: 1 }, how, setting);
  expect(keeping.problem).toBeDefined();
  const run = runs.shown;
  if (!run) throw new TypeError('no run');
  expect([run.state, run.answered.length]).toEqual(['paused', 3]);
  const moved = { ...setting, contextLength: 4096, adapters: [{ name: 'b', rank: 4, strength: 2 }] };
  await expect(runs.resume(run, { ...setting, adapters: [] })).rejects.toThrow('another setting');
  await runs.resume(run, moved);
  expect([run.state, run.answered.map(({ docId }) => docId)]).toEqual(['done', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  expect(
    engine.asked.map(({ questions, strengths, shots, examples }) => [
      questions.length,
      strengths,
      shots,
      examples.length,
    ]),
  ).toEqual([
    [10, [0.5], 5, 5],
    [7, [0.5], 5, 5],
  ]);
  expect(run.score).toMatchObject({ count: 10, right: 2 });
  await runs.again(run, moved);
  expect(engine.asked.at(-1)).toMatchObject({ strengths: [2], questions: OWN_QUESTIONS });
  const [second] = runs.all;
  expect(second && differencesOf(run.plan, second.plan)).toEqual(['adapters']);
  // A text that a spreadsheet would run as a formula.
  expect(runCsv(run)).toContain(`,"'=B",`);
});

test('a run that another tab asks is not asked here', async () => {
  const engine = new FakeEngine([]);
  const runs = new Runs(engine, new Keeping(), () => Promise.resolve(false));
  await runs.begin(data, { size: 2, seed: 1 }, how, setting);
  expect([runs.shown?.isElsewhere, runs.shown?.state, engine.asked.length]).toEqual([true, 'paused', 0]);
});

const parquet = await readFile(fileURLToPath(new URL('../../fixtures/exam/doctor-test.parquet', import.meta.url)));
const csv = await readFile(fileURLToPath(new URL('../../fixtures/exam/doctor-test.csv', import.meta.url)));
const file = (name: string, bytes: Uint8Array<ArrayBuffer>) => new File([bytes], name);

test('chosen files are sets by split, with the examples among them', async () => {
  const [test, dev, ...more] = await readChosen([
    file('doctor-test.csv', csv),
    file('doctor-dev.parquet', parquet),
    file('doctor-fewshot.csv', csv),
    file('README.md', csv),
  ]);
  expect(more).toEqual([]);
  expect([test, dev].map((set) => [set?.name, set?.questions.length, set?.examples.length])).toEqual([
    ['doctor · test', 20, 20],
    ['doctor · dev', 20, 20],
  ]);
  expect(await readChosen([file('doctor-fewshot.csv', csv)])).toMatchObject([
    { questions: [], examples: { length: 20 } },
  ]);
});

test.each([
  [[file('notes.txt', csv)], 'file-broken', /neither parquet nor CSV/],
  [[file('x.csv', new TextEncoder().encode('a,b\n1,2\n'))], 'file-broken', /no column question/],
  [[file('x.parquet', new TextEncoder().encode('PAR1 no'))], 'file-broken', /cannot be read as parquet/],
])('other files are refused by name (%#)', async (files, code, reason) => {
  const error: unknown = await readChosen(files).catch((found: unknown) => found);
  if (!(error instanceof FailureError)) throw new TypeError('not refused');
  expect(error.code).toBe(code);
  if (reason) expect(error.detail['reason']).toMatch(reason);
});

test('the hub is asked for the files of an exam and its examples, at the commit that it names', async () => {
  const fetched: string[] = [];
  const paths = [
    'README.md',
    'doctor/test-0.parquet',
    'doctor/fewshot-0.parquet',
    'doctor/dev-0.parquet',
    'nurse/test-0.parquet',
  ];
  vi.stubGlobal('fetch', (url: string) => {
    fetched.push(url);
    return Promise.resolve(
      url.includes('/api/')
        ? Response.json({ sha: 'c0ffee', siblings: paths.map((rfilename) => ({ rfilename })) })
        : new Response(parquet),
    );
  });
  const choice = { repository: 'sean0042/KorMedMCQA', exams: ['doctor'], split: 'test' } as const;
  const files: number[] = [];
  const set = await fetchFromHub(choice, new AbortController().signal, (done) => files.push(done));
  expect([set.questions.length, set.examples.length, set.name]).toEqual([
    20,
    20,
    'sean0042/KorMedMCQA · doctor · test',
  ]);
  expect(fetched).toEqual([
    'https://huggingface.co/api/datasets/sean0042/KorMedMCQA/revision/main?blobs=true',
    'https://huggingface.co/datasets/sean0042/KorMedMCQA/resolve/c0ffee/doctor/test-0.parquet',
    'https://huggingface.co/datasets/sean0042/KorMedMCQA/resolve/c0ffee/doctor/fewshot-0.parquet',
  ]);
  expect(files).toEqual([1, 2]);
  const none = fetchFromHub({ ...choice, exams: ['pharm'] }, new AbortController().signal, () => undefined);
  await expect(none).rejects.toMatchObject({ code: 'file-missing' });
});
