/** The engine's job of the exam lab: answers questions one after the other. */
import type { ExamAnswer, ExamHow } from '../exam/answer.ts';
import type { ExamQuestion } from '../exam/question.ts';
import type { Job, JobEvent } from './jobs.ts';

export interface ExamJobRequest extends ExamHow {
  questions: readonly ExamQuestion[];
  /** Of every exam among the questions; each takes its own. */
  examples: readonly ExamQuestion[];
  /** Adapter strengths for these questions only; undefined uses the current ones. */
  strengths: readonly number[] | undefined;
}

export type ExamUpdate =
  /** The answer to `questions[at]`; each question has one, in order. */
  | { type: 'answered'; at: number; answer: ExamAnswer }
  /** New tokens so far of the answer that is being written. */
  | { type: 'progress'; at: number; newTokens: number };

/** A question whose answer was not finished when the job was stopped has no `answered`. */
export type ExamJob = Job<ExamJobRequest, { answered: number }, ExamUpdate>;
export type ExamJobEvent = JobEvent<ExamJob>;
