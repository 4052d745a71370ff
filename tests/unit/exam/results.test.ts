/** What a run is exported as, and two runs side by side. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { AnsweredQuestion, ExamAnswer } from '#core/exam/answer.ts';
import { compare } from '#core/exam/compare.ts';
import { examCard } from '#core/exam/exam-card.ts';
import { readKeptAnswer, readKeptData, readRunPlan } from '#core/exam/kept.ts';
import { lmEvalFiles } from '#core/exam/lm-eval-files.ts';
import { examPrompt } from '#core/exam/prompt.ts';
import { PUBLISHED } from '#core/exam/published.ts';
import { EXAMS, type ExamQuestion, type Letter } from '#core/exam/question.ts';
import { canGoOn, type ExamRun, type ExamSetting } from '#core/exam/run.ts';

const setting: ExamSetting = {
  ...{ name: 'owner/model q4', manifestSha256: 'ab'.repeat(32), decoder: 'q4', vocabularySize: 4096 },
  ...{ parameters: 1000, randomWeights: false, provider: 'wasm', device: '', contextLength: 1024, adapters: [] },
};

const question = (exam: string, docId: number): ExamQuestion => ({
  ...{
    exam,
    subject: exam,
    year: 2020 + (docId % 2),
    period: 1,
    number: docId + 1,
    question: `물음 "${docId}"\n둘째 줄`,
  },
  ...{ choices: { A: '가', B: '나', C: '다', D: '라', E: '마' }, answer: 'C', cot: '' },
});

const answerOf = (chosen: Letter | undefined, text: string = chosen ?? '모름'): ExamAnswer => ({
  ...{ chosen, text, ended: 'enough', promptTokens: 40, newTokens: 2, milliseconds: 500 },
});

const answered = (exam: string, chosen: readonly (Letter | undefined)[]): AnsweredQuestion[] =>
  chosen.map((letter, docId) => ({ docId, question: question(exam, docId), answer: answerOf(letter) }));

const run = (all: AnsweredQuestion[], how: Partial<ExamRun['how']> = {}): ExamRun => ({
  how: { way: 'generate', shots: 0, chatTemplate: false, ...how },
  ...{ setting, seed: 42, examples: [question('doctor', 90)], answered: all, created: '2026-01-02T03:04:05.678Z' },
  data: { name: 'doctor · test', isOwn: false, counts: { doctor: 435 } },
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

it('writes results and samples as lm-evaluation-harness does', () => {
  const [results, samples, ...more] = lmEvalFiles(run(answered('doctor', ['C', 'A', undefined]), { shots: 1 }), '9');
  expect(more).toEqual([]);
  expect(results?.name).toBe('results_2026-01-02T03-04-05.678.json');
  expect(samples?.name).toBe('samples_kormedmcqa_doctor_2026-01-02T03-04-05.678.jsonl');
  const json = JSON.parse(results?.text ?? '');
  expect(json.results).toEqual({
    kormedmcqa_doctor: {
      ...{ name: 'kormedmcqa_doctor', alias: 'kormedmcqa_doctor', sample_len: 3 },
      'exact_match,extract_answer': 1 / 3,
      // numpy.std([1, 0, 0], ddof=1) / 3 ** .5
      'exact_match_stderr,extract_answer': expect.closeTo(1 / 3, 12),
    },
  });
  expect(json.groups).toBeUndefined();
  expect([json.versions, json['n-shot'], json['n-samples']]).toEqual([
    { kormedmcqa_doctor: 3 },
    { kormedmcqa_doctor: 1 },
    { kormedmcqa_doctor: { original: 435, effective: 3 } },
  ]);
  const lines = (samples?.text ?? '').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  const sample = JSON.parse(lines[1] ?? '');
  const prompt = examPrompt(question('doctor', 1), [question('doctor', 90)]);
  expect(sample).toMatchObject({
    ...{ doc_id: 1, target: 'C', resps: [['A']], filtered_resps: ['A'], filter: 'extract_answer' },
    ...{ metrics: ['exact_match'], exact_match: 0, prompt_hash: sha256(prompt), target_hash: sha256('C') },
    arguments: { gen_args_0: { arg_0: prompt, arg_1: { max_gen_toks: 1024, do_sample: false } } },
  });
  // In the order of the columns, as Python's json.dumps(doc, indent=2, ensure_ascii=False) writes it.
  expect(Object.keys(sample.doc).join()).toBe('subject,year,period,q_number,question,A,B,C,D,E,answer,cot');
  expect(sample.doc_hash).toBe(sha256(JSON.stringify(sample.doc, undefined, 2)));
  expect(sample.doc.answer).toBe(3);
  expect(JSON.parse(lines[2] ?? '').filtered_resps).toEqual(['']);
});

it('gives the group only where all four exams were asked, weighted by their size', () => {
  const all = EXAMS.flatMap((exam, at) => answered(exam, at === 0 ? ['C', 'C', 'C', 'A'] : ['C', 'A']));
  const json = JSON.parse(lmEvalFiles(run(all), '9')[0]?.text ?? '');
  expect(json.groups.kormedmcqa['exact_match,extract_answer']).toBe(6 / 10);
  // pooled_sample_stderr([0.25, 0.5, 0.5, 0.5], [4, 2, 2, 2]) of lm_eval.api.metrics
  expect(json.groups.kormedmcqa['exact_match_stderr,extract_answer']).toBeCloseTo(0.193649167310371, 12);
  expect(json.group_subtasks.kormedmcqa).toEqual(EXAMS.map((exam) => `kormedmcqa_${exam}`));
});

it('names what is no task of the harness otherwise', () => {
  const logProbabilities = { A: -1, B: -2, C: -0.5, D: -3, E: -4 };
  const all = answered('doctor', ['C']).map((one) => ({ ...one, answer: { ...one.answer, logProbabilities } }));
  const [results, samples] = lmEvalFiles(run(all, { way: 'letters' }), '9');
  expect(Object.keys(JSON.parse(results?.text ?? '').results)).toEqual(['kormedmcqa_doctor_letters']);
  expect(JSON.parse(samples?.text ?? '')).toMatchObject({
    ...{
      filter: 'none',
      metrics: ['acc'],
      acc: 1,
      resps: [[['-1', 'None']], [['-2', 'None']], [['-0.5', 'None']], [['-3', 'None']], [['-4', 'None']]],
    },
    arguments: { gen_args_2: { arg_1: ' C' } },
  });
  expect(Object.keys(JSON.parse(lmEvalFiles(run(answered('my exam', ['C'])), '9')[0]?.text ?? '').results)).toEqual([
    'lab_my-exam',
  ]);
});

it('compares two runs on the questions that both answered', () => {
  const first = answered('doctor', ['C', 'C', 'C', 'A', 'A', 'C']);
  const second = answered('doctor', ['C', 'A', 'A', 'C', 'B']);
  const { parted, difference, ...counts } = compare(first, second);
  expect(counts).toEqual({ count: 5, bothRight: 1, onlyFirst: 2, onlySecond: 1, neither: 1, p: 1 });
  expect(parted.map((pair) => pair.first.docId)).toEqual([1, 2, 3]);
  expect(difference?.value).toBeCloseTo(-0.2, 12);
  // Bonett and Price: p12 = 3/7, p21 = 2/7.
  const half = 1.959963984540054 * Math.sqrt((5 / 7 - (1 / 7) ** 2) / 7);
  expect(difference?.interval[0]).toBeCloseTo(-1 / 7 - half, 12);
  expect(difference?.interval[1]).toBeCloseTo(-1 / 7 + half, 12);
  // The same place in other data is another question.
  const others = second.map((one) => ({ ...one, question: { ...one.question, question: 'another' } }));
  expect(compare(first, others)).toMatchObject({ count: 0, difference: undefined });
});

it('goes on under the same setting only', () => {
  const adapter = { name: 'a', rank: 8, strength: 1 };
  expect(canGoOn(setting, { ...setting, contextLength: 8192 })).toBe(true);
  expect(canGoOn(setting, { ...setting, manifestSha256: undefined })).toBe(true);
  for (const other of [
    { decoder: 'q8' },
    { manifestSha256: 'cd'.repeat(32) },
    { provider: 'webgpu' as const },
    { adapters: [adapter] },
  ])
    expect(canGoOn(setting, { ...setting, ...other })).toBe(false);
  // The run sets its own strengths.
  expect(canGoOn({ ...setting, adapters: [adapter] }, { ...setting, adapters: [{ ...adapter, strength: 0 }] })).toBe(
    true,
  );
});

it('reads back what it keeps, and refuses anything else', () => {
  const questions = [question('doctor', 0), { ...question('doctor', 1), year: 2020 }];
  const data = { id: 'x', name: 'doctor', savedAt: 1, questions, examples: [] };
  expect(readKeptData(structuredClone(data))).toEqual(data);
  const { answered: all, ...rest } = run(answered('doctor', ['C']));
  const plan = { ...rest, id: 'r', questions: all.map(({ docId, question }) => ({ docId, question })) };
  expect(readRunPlan(structuredClone(plan))).toEqual(plan);
  expect(readKeptAnswer(structuredClone(answerOf(undefined)))).toEqual(answerOf(undefined));
  expect(() => readKeptAnswer({ ...answerOf('A'), chosen: 'F' })).toThrow('chosen');
  expect(() => readKeptData({ ...data, questions: [{}] })).toThrow('questions[0].exam');
});

it('has a card without a word of a question', () => {
  const card = examCard(run(answered('doctor', ['C', 'A'])), { lab: '9' });
  expect(card.scores.all).toMatchObject({ count: 2, right: 1, accuracy: 0.5 });
  expect(Object.keys(card.scores.byYear)).toEqual(['2020', '2021']);
  expect(card.cost).toEqual({ promptTokens: 40, newTokens: 2, seconds: 0.5 });
  expect(JSON.stringify(card)).not.toContain('물음');
});

it('weights what a card gives by exam as the task does', () => {
  const medgemma = PUBLISHED.find(({ model }) => model === 'MedGemma 27B');
  expect(medgemma?.accuracy).toBeCloseTo((0.7632 * 435 + 0.8257 * 878 + 0.8056 * 885 + 0.6141 * 811) / 3009, 12);
});
