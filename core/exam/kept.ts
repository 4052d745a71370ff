/** What a page keeps of an exam on the device, read back: another version of the page, or another program, may have written it. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { check, flag, list, object, oneOf, record, text, whole } from '../schema/schema.ts';
import { ANSWER_ENDS, EXAM_WAYS } from './answer.ts';
import { MAX_QUESTION_TEXT, MAX_QUESTIONS } from './limits.ts';
import { LETTERS } from './question.ts';
import type { ExamSetting } from './run.ts';

const number = () => v.pipe(v.number('a number'), v.finite('a number'));
const sentence = () => text(MAX_QUESTION_TEXT);
const letter = () => oneOf(LETTERS);

const questionSchema = object({
  exam: sentence(),
  subject: v.exactOptional(sentence()),
  year: v.exactOptional(whole(0)),
  period: v.exactOptional(whole(0)),
  number: v.exactOptional(whole(0)),
  question: sentence(),
  choices: object({ A: sentence(), B: sentence(), C: sentence(), D: sentence(), E: sentence() }),
  answer: letter(),
  cot: v.exactOptional(sentence()),
});

const numberedSchema = object({ docId: whole(0), question: questionSchema });

const dataSchema = object({
  id: text(),
  name: text(),
  savedAt: number(),
  questions: list(questionSchema, MAX_QUESTIONS),
  examples: list(questionSchema, MAX_QUESTIONS),
});
/** Questions that a visitor brought. */
export type KeptData = v.InferOutput<typeof dataSchema>;

const planSchema = object({
  id: text(),
  created: text(),
  how: object({ way: oneOf(EXAM_WAYS), shots: whole(0, 100), chatTemplate: flag() }),
  setting: object({
    name: text(),
    manifestSha256: v.undefinedable(text()),
    decoder: text(),
    vocabularySize: whole(0),
    parameters: v.undefinedable(whole(0)),
    randomWeights: flag(),
    provider: oneOf(['webgpu', 'wasm', 'cpu']),
    device: text(),
    contextLength: whole(0),
    adapters: list(object({ name: text(), rank: whole(0), strength: number() }), 16),
  }),
  data: object({ name: text(), isOwn: flag(), counts: record(whole(0), 1000) }),
  seed: whole(0),
  examples: list(questionSchema, MAX_QUESTIONS),
  /** To be asked, in order. */
  questions: list(numberedSchema, MAX_QUESTIONS),
});
/** What a run asks, under which setting. */
export type RunPlan = Omit<v.InferOutput<typeof planSchema>, 'setting'> & { setting: ExamSetting };

const answerSchema = object({
  chosen: v.undefinedable(letter()),
  text: sentence(),
  ended: oneOf(ANSWER_ENDS),
  promptTokens: whole(0),
  newTokens: whole(0),
  milliseconds: number(),
  logProbabilities: v.exactOptional(object({ A: number(), B: number(), C: number(), D: number(), E: number() })),
});
export type KeptAnswer = v.InferOutput<typeof answerSchema>;

const refuse = (what: string) => (reason: string) => new FailureError('file-broken', { file: what, reason });

/** @throws FailureError file-broken that names the field */
export function readKeptData(kept: unknown): KeptData {
  return check(dataSchema, kept, refuse('exam data'));
}

/** @throws FailureError file-broken that names the field */
export function readRunPlan(kept: unknown): RunPlan {
  return check(planSchema, kept, refuse('exam run'));
}

/** @throws FailureError file-broken that names the field */
export function readKeptAnswer(kept: unknown): KeptAnswer {
  return check(answerSchema, kept, refuse('exam answer'));
}
