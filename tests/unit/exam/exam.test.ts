import { expect, it } from 'vitest';
import type { ExamProblem } from '#core/exam/exam-file.ts';
import { OWN_QUESTIONS } from '#core/exam/own-questions.ts';
import { pickQuestions } from '#core/exam/pick.ts';
import { examPrompt, isStopped } from '#core/exam/prompt.ts';
import { LETTERS, type ExamQuestion } from '#core/exam/question.ts';
import { readQuestions, type ExamRow } from '#core/exam/read-questions.ts';
import { remarksOn } from '#core/exam/remarks.ts';
import { mcNemar, scoreOf, scoresBy } from '#core/exam/score.ts';

/** As a spreadsheet counts them: the header is row 1. */
const rowsOf = (...rows: readonly ExamRow['cells'][]) => rows.map((cells, at): ExamRow => ({ number: at + 2, cells }));
const noExam = { path: 'x.csv', name: 'x', exam: undefined };

const [first, second] = readQuestions(
  rowsOf(
    {
      subject: 'doctor',
      year: 2022n,
      q_number: 7n,
      question: ' 물음 \u0085',
      A: '가',
      B: '나',
      C: '다',
      D: '라',
      E: 5,
      answer: 3n,
    },
    { question: '둘째', A: '1', B: '2', C: '3', D: '4', E: '5', answer: '1' },
  ),
  { path: 'nurse-test.csv', name: 'nurse-test', exam: undefined },
);

it('reads rows of parquet and of CSV', () => {
  expect(first).toMatchObject({
    exam: 'doctor',
    subject: 'doctor',
    year: 2022,
    number: 7,
    answer: 'C',
    choices: { E: '5' },
  });
  expect(second).toMatchObject({ exam: 'nurse-test', answer: 'A' });
  expect(second).not.toHaveProperty('year');
});

it('writes the prompt of the task, examples with a space, the letter and a blank line', () => {
  if (!first || !second) throw new TypeError('no questions');
  expect(examPrompt(first, [second])).toBe(
    '둘째\nA. 1\nB. 2\nC. 3\nD. 4\nE. 5\n정답： A\n\n물음\nA. 가\nB. 나\nC. 다\nD. 라\nE. 5\n정답：',
  );
});

it('leaves out a year that cannot be, which a page could not read back', () => {
  const [question] = readQuestions(
    rowsOf({ question: 'x', A: '', B: '', C: '', D: '', E: '', answer: 1, year: -1 }),
    noExam,
  );
  expect(question).toBeDefined();
  expect(question).not.toHaveProperty('year');
});

it('counts questions that are there again, in another file of the exam too, and decomposed Hangul', () => {
  if (!first || !second) throw new TypeError('no questions');
  const decomposed = { ...first, question: '병변'.normalize('NFD') };
  expect(remarksOn([first, second, { ...first, exam: 'other' }, first, decomposed])).toEqual({
    repeated: 2,
    decomposed: 1,
  });
});

const good = { question: 'x', A: '', B: '', C: '', D: '', E: '', answer: 1 };
const refused: [rows: ExamRow['cells'][], problem: ExamProblem][] = [
  [[], { problem: 'noRows' }],
  [
    [{ question: 'x', A: '', B: '', C: '', D: '', answer: 1 }],
    { problem: 'noColumn', columns: 'E', found: 'question, A, B, C, D, answer' },
  ],
  [[good, { ...good, answer: 0 }], { problem: 'answer', row: 3, value: '0' }],
  [[{ ...good, answer: 'B' }], { problem: 'answer', row: 2, value: '"B"' }],
  [[{ ...good, A: null }], { problem: 'notText', row: 2, column: 'A', value: 'null' }],
  // A nested value with a whole number, as parquet has it.
  [[{ ...good, question: [{ at: 1n }] }], { problem: 'notText', row: 2, column: 'question', value: '[{"at":1}]' }],
  [[{ ...good, question: ' \n' }], { problem: 'noQuestion', row: 2 }],
  // A page could not read it back.
  [
    [{ ...good, B: 'x'.repeat(100_001) }],
    { problem: 'tooLong', row: 2, column: 'B', characters: 100_001, limit: 100_000 },
  ],
];
it.each(refused.map(([rows, problem]) => ({ rows, problem })))(
  'refuses a table by its problem and row: $problem',
  ({ rows, problem }) => {
    const failure = { code: 'exam-file', detail: { file: 'x.csv', ...problem } };
    expect(() => readQuestions(rowsOf(...rows), noExam)).toThrow(expect.objectContaining({ failure }));
  },
);

it('takes an exam of the data set by its file, since its column has several values', () => {
  const rows = ['pharm', 'pharm science'].map((subject) => ({
    ...{ subject, question: 'x', A: '', B: '', C: '', D: '', E: '', answer: 1 },
  }));
  const exams = (exam: 'pharm' | 'nurse' | undefined) =>
    readQuestions(rowsOf(...rows), { path: 'test.csv', name: 'test', exam }).map((one) => one.exam);
  expect(exams('nurse')).toEqual(['nurse', 'nurse']);
  expect(exams(undefined)).toEqual(['pharm', 'pharm']);
});

it('stops where the task stops', () => {
  expect(['A', 'A.', 'A\n', 'A\n\n', 'Q', 'Q:'].map(isStopped)).toEqual([false, true, false, true, false, true]);
});

it('spreads its own right answers over the letters', () => {
  expect(LETTERS.map((letter) => OWN_QUESTIONS.filter(({ answer }) => answer === letter).length)).toEqual([
    2, 2, 2, 2, 2,
  ]);
  for (const { choices } of OWN_QUESTIONS) expect(new Set(Object.values(choices)).size).toBe(5);
});

it('samples the same questions for the same seed, in their order', () => {
  const questions = Array.from({ length: 50 }, (_, number): ExamQuestion => ({
    ...{ exam: 'x', question: '', choices: { A: '', B: '', C: '', D: '', E: '' }, answer: 'A', number },
  }));
  const picked = pickQuestions(questions, 20, 7).map(({ number }) => number ?? NaN);
  expect(picked).toEqual(pickQuestions(questions, 20, 7).map(({ number }) => number));
  expect(picked).not.toEqual(pickQuestions(questions, 20, 8).map(({ number }) => number));
  expect([picked.length, picked]).toEqual([20, picked.toSorted((a, b) => a - b)]);
  expect(pickQuestions(questions, 60, 7)).toEqual(questions);
});

it('scores with the interval of Wilson, and exams weighted by their size', () => {
  const marked = [
    ...Array.from({ length: 3 }, () => ({ exam: 'doctor', answer: 'A', chosen: 'A' }) as const),
    ...Array.from({ length: 7 }, () => ({ exam: 'nurse', answer: 'A', chosen: undefined }) as const),
  ];
  const { accuracy, interval } = scoreOf(marked);
  expect(accuracy).toBe(0.3);
  // statsmodels.stats.proportion.proportion_confint(3, 10, method='wilson')
  expect(interval[0]).toBeCloseTo(0.10779, 5);
  expect(interval[1]).toBeCloseTo(0.60322, 5);
  const by = scoresBy(marked, ({ exam }) => exam);
  expect([...by].map(([name, { accuracy }]) => [name, accuracy])).toEqual([
    ['doctor', 1],
    ['nurse', 0],
  ]);
});

it('tells noise from effect by McNemar’s exact test', () => {
  // scipy.stats.binomtest(k, n, 0.5).pvalue
  expect(mcNemar(0, 0)).toBe(1);
  expect(mcNemar(5, 5)).toBe(1);
  expect(mcNemar(1, 9)).toBeCloseTo(0.021484375, 12);
  expect(mcNemar(40, 60)).toBeCloseTo(0.05688793364098078, 10);
});
