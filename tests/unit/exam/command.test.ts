/** `npm run exam` on the teaching model's fixture: the same questions from parquet and CSV; both ways against the decoder run by hand. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { examPrompt } from '#core/exam/prompt.ts';
import { LETTERS } from '#core/exam/question.ts';
import { main } from '../../../cli/exam/command.ts';
import { readExam, readExams } from '../../../cli/exam/data.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { openModel } from '../../../cli/shared/runtime/open-model.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import { textPrompt } from '../../../workers/engine/generation/completion.ts';
import { exportFixture, fixture } from '../../reference/node.ts';
import { runCommandHere } from '../cli/run.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const data = fileURLToPath(new URL('../../fixtures/exam/doctor-test', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'exam-test-'));
const pack = join(folder, 'package');
const notes: string[] = [];
const note = (text: string) => void notes.push(text);
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const checkpoint = join(folder, 'checkpoint');
  await cp(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await writeStandInTokenizer(checkpoint);
  await exportFixture(pack, 'fp32', { checkpoint });
});

it('reads the same questions from parquet and CSV', async () => {
  const questions = await readExam(`${data}.parquet`, note);
  expect(questions).toHaveLength(20);
  expect(questions[4]).toMatchObject({
    exam: 'doctor',
    subject: 'doctor',
    year: 2016,
    number: 5,
    answer: 'C',
    choices: { A: '5', E: '9' },
  });
  expect(await readExam(`${data}.csv`, note)).toEqual(questions);
});

it('says what is wrong with a file', async () => {
  const broken = join(folder, 'broken.parquet');
  await writeFile(broken, 'PAR1 and nothing else');
  await expect(readExam(broken, note)).rejects.toThrow(/broken\.parquet: it cannot be read as parquet/);
  const pointer = join(folder, 'pointer.parquet');
  await writeFile(pointer, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  await expect(readExam(pointer, note)).rejects.toThrow(/pointer\.parquet: it is no parquet; .* Git LFS/);
  const short = join(folder, 'short.csv');
  await writeFile(short, 'question,A,B,C,D,E,answer\n\nx,1,2,3\n');
  await expect(readExam(short, note)).rejects.toThrow('row 3 (the header is row 1) has 4 cells, and the header 7');
  await writeFile(short, 'question,A,B,C,D,E,answer\n\n"two\nlines",1,2,3,4,5,5\nx,1,2,3,4,5,6\n');
  await expect(readExam(short, note)).rejects.toThrow('short.csv: row 4 (the header is row 1): answer is "6", not');
  await writeFile(short, Buffer.from('question,A,B,C,D,E,answer\n\xff\xfe\xfd,1,2,3,4,5,5\n', 'latin1'));
  await expect(readExam(short, note)).rejects.toThrow('short.csv is neither UTF-8 nor UTF-16 nor CP949; save it as');
  const image = join(folder, 'chart.csv');
  await writeFile(image, Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'));
  await expect(readExam(image, note)).rejects.toThrow(
    /a PNG image, not a table of exam questions; name a parquet or CSV/,
  );
});

it('tells which encoding a file is read in, where it is guessed', async () => {
  const text = 'question,A,B,C,D,E,answer\n한글,1,2,3,4,5,5\n';
  const [cp949, utf16, utf8] = ['cp949.csv', 'utf16.csv', 'utf8.csv'].map((name) => join(folder, name));
  if (!cp949 || !utf16 || !utf8) throw new TypeError('no paths');
  await writeFile(cp949, Buffer.from(text.replace('한글', '\xc7\xd1\xb1\xdb'), 'latin1'));
  await writeFile(utf16, Buffer.from(text, 'utf16le'));
  await writeFile(utf8, text);
  notes.length = 0;
  for (const path of [cp949, utf16, utf8])
    expect(await readExam(path, note)).toMatchObject([{ question: '한글', answer: 'E' }]);
  expect(notes).toEqual([
    expect.stringContaining('cp949.csv is read as CP949; save it as UTF-8 if texts look wrong'),
    expect.stringContaining('utf16.csv is read as utf-16le;'),
  ]);
});

it('reads a folder as the data set lays it out, with its own examples for each exam', async () => {
  const laid = join(folder, 'laid-out');
  await mkdir(join(laid, 'doctor'), { recursive: true });
  await cp(`${data}.parquet`, join(laid, 'doctor', 'test-00000-of-00001-0a1b.parquet'));
  await cp(`${data}.csv`, join(laid, 'doctor-test.csv'));
  await cp(`${data}.parquet`, join(laid, 'doctor', 'fewshot-00000-of-00001-0a1b.parquet'));
  const { questions, examples } = await readExams([laid], 'test', note);
  expect([questions.length, examples.length, questions[0]?.exam]).toEqual([20, 20, 'doctor']);
  await expect(readExams([laid], 'dev', note)).rejects.toThrow('holds no file of the split "dev"');
});

it('takes the most probable letter behind the prompt, in the Node engine’s own logits', async () => {
  const args = ['--package', pack, '--data', `${data}.parquet`, '--limit', '3', '--way', 'letters', '--json'];
  const { status, stdout, stderr } = await runCommandHere(main, args);
  expect([status, stderr]).toEqual([0, expect.stringContaining('random weights')]);
  const { answers, all } = JSON.parse(stdout);
  expect(all.count).toBe(3);

  // The harness's files hold the same.
  const output = join(folder, 'output');
  await runCommandHere(main, [...args, '--output', output]);
  const [named = ''] = await readdir(output);
  const [results = '', samples = ''] = (await readdir(join(output, named))).sort();
  expect([results, samples]).toEqual([
    expect.stringMatching(/^results_.*\.json$/),
    expect.stringMatching(/^samples_kormedmcqa_doctor_letters_.*\.jsonl$/),
  ]);
  const lines = (await readFile(join(output, named, samples), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).acc)).toEqual(
    answers.map(({ right }: { right: boolean }) => Number(right)),
  );

  const never = new AbortController().signal;
  const reader = await FolderReader.open(pack, { wanted: 'package', recursive: true });
  const { model, chat } = await openModel(reader, { contextLength: 1024, signal: never });
  try {
    for (const { logProbabilities, chosen, ...question } of answers) {
      model.decoder.truncate(0);
      // The stand-in tokenizer has a token for the space and one for the letter.
      const text = examPrompt(question);
      const idOf = (letter: string) => chat.tokenizer.encode(`${text} ${letter}`, { special: false }).at(-1) ?? NaN;
      const prompt = textPrompt(chat.tokenizer, `${text} `);
      expect(prompt.ids).toEqual([
        prompt.ids[0],
        ...chat.tokenizer.encode(`${text} A`, { special: false }).slice(0, -1),
      ]);
      const features = () => {
        throw new TypeError('no image');
      };
      const result = await prefill({
        model,
        prompt,
        features,
        want: 'logits',
        signal: never,
        onChunk: () => undefined,
      });
      const row = LETTERS.map((letter) => result?.logits[idOf(letter)] ?? NaN);
      const shift = logProbabilities.A - (row[0] ?? NaN);
      LETTERS.forEach((letter, at) => expect(logProbabilities[letter]).toBeCloseTo((row[at] ?? NaN) + shift, 4));
      expect(chosen).toBe(LETTERS[row.indexOf(Math.max(...row))]);
    }
  } finally {
    await model.dispose();
  }
});

it('generates the same answer behind a kept prefix as without one', async () => {
  const header = 'question,A,B,C,D,E,answer\n';
  const [both, second] = [join(folder, 'both.csv'), join(folder, 'second.csv')];
  await writeFile(both, `${header}하나,1,2,3,4,5,1\n둘,6,7,8,9,0,2\n`);
  await writeFile(second, `${header}둘,6,7,8,9,0,2\n`);
  // The random weights write on to the end of the context.
  const args = ['--package', pack, '--shots', '2', '--examples', `${data}.parquet`, '--context', '360', '--json'];
  const answersTo = async (file: string): Promise<{ text: string; promptTokens: number; newTokens: number }[]> =>
    JSON.parse((await runCommandHere(main, [...args, '--data', file])).stdout).answers;
  const [, behind] = await answersTo(both);
  const [alone] = await answersTo(second);
  expect(alone?.newTokens).toBeGreaterThan(20);
  const { text, newTokens, promptTokens } = alone ?? {};
  expect(behind).toMatchObject({ text, newTokens, promptTokens });
});

it('refuses examples without a file, by name', async () => {
  const args = ['--package', pack, '--shots', '5', '--data', `${data}.csv`];
  const { status, stderr } = await runCommandHere(main, args);
  const message =
    '--shots 5: there are 0 examples for doctor, and 5 are wanted; bring its file of the split "fewshot" with --examples';
  expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
});
