/** The exam lab without a browser: what it asks of the engine, how a run goes on, and which files it takes. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ExamAnswer } from '#core/exam/answer.ts';
import { OWN_EXAM, OWN_EXAMPLES, OWN_QUESTIONS } from '#core/exam/own-questions.ts';
import type { ExamSetting } from '#core/exam/run.ts';
import { MAX_QUESTIONS } from '#core/exam/limits.ts';
import type { ExamJobEvent, ExamJobRequest } from '#core/protocol/exam.ts';
import { failureText } from '../../../src/chat/failure-text.ts';
import { fetchFromHub, readChosen } from '../../../src/labs/exam/exam-files.ts';
import { Keeping } from '../../../src/labs/exam/keeping.svelte.ts';
import { locale } from '../../../src/platform/locale.svelte.ts';
import { runCsv } from '../../../src/labs/exam/run-csv.ts';
import { QuestionSets } from '../../../src/labs/exam/question-sets.svelte.ts';
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

test('a second click begins nothing, and a run that another tab asks is not deleted', async () => {
  const engine = new FakeEngine([]);
  let isOurs = true;
  const runs = new Runs(engine, new Keeping(), () => Promise.resolve(isOurs));
  await Promise.all([1, 2].map(() => runs.begin(data, { size: 2, seed: 1 }, how, setting)));
  expect([runs.all.length, engine.asked.length]).toEqual([1, 1]);
  const [run] = runs.all;
  if (!run) throw new TypeError('no run');
  isOurs = false;
  await runs.remove(run);
  expect([runs.all.length, run.isElsewhere]).toEqual([1, true]);
  isOurs = true;
  await runs.remove(run);
  expect(runs.all).toEqual([]);
});

test('a run goes on behind the answers of another tab', async () => {
  const engine = new FakeEngine([1]);
  const keeping = new Keeping();
  const runs = new Runs(engine, keeping, () => Promise.resolve(true));
  await runs.begin(data, { size: 4, seed: 1 }, how, setting);
  const [run] = runs.all;
  if (!run) throw new TypeError('no run');
  vi.spyOn(keeping, 'answers').mockResolvedValue([answer, answer, answer]);
  await runs.resume(run, setting);
  expect([run.state, run.answered.length, engine.asked.map(({ questions }) => questions.length)]).toEqual([
    ...['done', 4],
    [4, 1],
  ]);
});

const parquet = await readFile(fileURLToPath(new URL('../../fixtures/exam/doctor-test.parquet', import.meta.url)));
const csv = await readFile(fileURLToPath(new URL('../../fixtures/exam/doctor-test.csv', import.meta.url)));
const file = (name: string, bytes: Uint8Array<ArrayBuffer>) => new File([bytes], name);

test('chosen files are sets by split, with the examples among them', async () => {
  const { sets, readAs } = await readChosen([
    file('doctor-test.csv', csv),
    file('doctor-dev.parquet', parquet),
    file('doctor-fewshot.csv', csv),
    file('README.md', csv),
  ]);
  expect(readAs).toEqual([]);
  expect(sets.map(({ name, questions, examples }) => [name, questions.length, examples.length])).toEqual([
    ['doctor · test', 20, 20],
    ['doctor · dev', 20, 20],
  ]);
  expect((await readChosen([file('doctor-fewshot.csv', csv)])).sets).toMatchObject([
    { questions: [], examples: { length: 20 } },
  ]);
});

test('sets of one name are told apart; an encoding that was guessed is told until other files are opened', async () => {
  await locale.load('exam');
  const sets = new QuestionSets(new Keeping());
  // "한글" in CP949.
  const korean = Buffer.from('question,A,B,C,D,E,answer\n\xc7\xd1\xb1\xdb,1,2,3,4,5,5\n', 'latin1');
  await sets.addFiles([file('test.csv', new Uint8Array(korean))]);
  expect(sets.readAs).toEqual([{ file: 'test.csv', encoding: 'euc-kr' }]);
  expect(sets.chosen.questions).toMatchObject([{ question: '한글' }]);
  for (let copy = 0; copy < 2; copy++) await sets.addFiles([file('test.csv', csv)]);
  expect(sets.brought.map(({ name }) => name)).toEqual(['test · test', 'test · test (2)', 'test · test (3)']);
  expect(sets.readAs).toEqual([]);
});

const text = (name: string, content: string) => [file(name, new TextEncoder().encode(content))];
const header = 'question,A,B,C,D,E,answer';
test.each([
  [[file('notes.txt', csv)], 'parquet도 CSV도 아닙니다'],
  [text('x.csv', 'a,b\n1,2\n'), '다음 열이 없습니다: question, A, B, C, D, E, answer.'],
  [text('x.csv', `${header}\n`), '열 이름 아래에 문제가 하나도 없습니다.'],
  [text('x.csv', ''), '빈 파일입니다. 첫 행에'],
  [text('x.csv', `${header}\n\nx,1,2,3,4,5,6\n`), '3행(열 이름이 있는 행이 1행)의 answer 칸이 "6"입니다.'],
  [text('x.csv', `${header}\nx,1,2\n`), '2행(열 이름이 있는 행이 1행)에 칸이 3개인데 열은 7개입니다.'],
  [text('x.parquet', 'PAR1 no'), '손상되었거나 알 수 없는 종류의 parquet입니다.'],
  [text('x.parquet', 'version https://git-lfs.github.com/spec/v1\n'), '이름은 parquet이지만 내용이 다릅니다.'],
])('other files are refused in words of the page (%#)', async (files, words) => {
  const sets = new QuestionSets(new Keeping());
  await sets.addFiles(files);
  if (!sets.failure) throw new TypeError('not refused');
  expect(failureText(sets.failure).next).toContain(words);
  expect([sets.failure.code, sets.brought]).toEqual(['exam-file', []]);
});

test('questions of several files are no more than a page reads back', async () => {
  const half = `${header}\n${'x,1,2,3,4,5,5\n'.repeat(MAX_QUESTIONS / 2 + 1)}`;
  const failure = { code: 'exam-file', detail: expect.objectContaining({ problem: 'tooManyRows', rows: 100_002 }) };
  const files = [...text('a-test.csv', half), ...text('b-test.csv', half)];
  await expect(readChosen(files)).rejects.toThrow(expect.objectContaining({ failure }));
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
