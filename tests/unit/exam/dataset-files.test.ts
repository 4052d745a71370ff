import { expect, it } from 'vitest';
import { datasetFile, filesOfSplit } from '#core/exam/dataset-files.ts';
import { examplesFor } from '#core/exam/examples.ts';
import { OWN_EXAMPLES } from '#core/exam/own-questions.ts';
import type { ExamQuestion } from '#core/exam/question.ts';

it.each([
  ['doctor/test-00000-of-00001-0a1b2c.parquet', 'doctor', 'test'],
  ['data/nurse-dev.csv', 'nurse', 'dev'],
  ['/home/kim/pharm/KorMedMCQA/dentist/fewshot-00000-of-00001.parquet', 'dentist', 'fewshot'],
  ['pharm_train.CSV', 'pharm', 'train'],
  ['test-00000-of-00001.parquet', undefined, 'test'],
  ['questions.csv', undefined, undefined],
  // A test of the latest doctors' contest names neither.
  ['doctors-latest.csv', undefined, undefined],
])('%s is of %s, %s', (path, exam, split) => expect(datasetFile(path)).toMatchObject({ exam, split }));

it('knows other files', () => expect(datasetFile('doctor/README.md')).toBeUndefined());

it('reads an exam once where it lies there as parquet and as CSV', () => {
  const names = ['doctor/test-0.parquet', 'data/doctor-test.csv', 'data/nurse-test.csv', 'doctor/dev-0.parquet'];
  const files = names.flatMap((name) => datasetFile(name) ?? []);
  expect(filesOfSplit(files, 'test').map(({ path }) => path)).toEqual(['doctor/test-0.parquet', 'data/nurse-test.csv']);
});

it('takes the first examples of the question’s own exam, and those of another for none of the data set', () => {
  const example = (exam: string, question: string): ExamQuestion => ({
    ...{ exam, question, choices: { A: '', B: '', C: '', D: '', E: '' }, answer: 'A' },
  });
  const pool = [example('nurse', '1'), example('doctor', '2'), example('doctor', '3'), example('doctor', '4')];
  const asked = (exam: string) => examplesFor(exam, pool, 2).map(({ question }) => question);
  expect(asked('doctor')).toEqual(['2', '3']);
  expect(asked('my own')).toEqual(['1', '2']);
  expect(() => asked('nurse')).toThrow('there are 1 examples for nurse, and 2 are wanted');
  expect(() => asked('pharm')).toThrow('there are 0 examples for pharm');
  expect(examplesFor('pharm', pool, 0)).toEqual([]);
  expect(OWN_EXAMPLES.map(({ answer }) => answer).sort()).toEqual(['A', 'B', 'C', 'D', 'E']);
});
