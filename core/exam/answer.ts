/** What a model made of one question. */
import type { Letter, NumberedQuestion } from './question.ts';

/**
 * `generate`: as lm-evaluation-harness asks and reads version 3 of `kormedmcqa`. `letters`: the most probable of the five letters after the
 * prompt, with one prefill and no token generated, which gives another number.
 */
export const EXAM_WAYS = ['generate', 'letters'] as const;
export type ExamWay = (typeof EXAM_WAYS)[number];

/**
 * Why an answer ended. enough: a stop of the task · end: an end token · length: `MAX_NEW_TOKENS` · context-full: the model's context,
 * so the answer is shorter than the task lets it be · letters: nothing was generated
 */
export const ANSWER_ENDS = ['enough', 'end', 'length', 'context-full', 'letters'] as const;
export type AnswerEnd = (typeof ANSWER_ENDS)[number];

export interface ExamAnswer {
  /** Undefined for an answer without a letter. */
  chosen: Letter | undefined;
  /** What was generated, up to the stop; empty for `letters`. */
  text: string;
  ended: AnswerEnd;
  /** Tokens of the prompt and new ones. */
  promptTokens: number;
  newTokens: number;
  milliseconds: number;
  /** ln of each letter's probability behind the tokens that all of them share, for `letters`. */
  logProbabilities?: Readonly<Record<Letter, number>>;
}

export interface AnsweredQuestion extends NumberedQuestion {
  answer: ExamAnswer;
}

/** How questions are asked. */
export interface ExamHow {
  way: ExamWay;
  /** Examples before each question. */
  shots: number;
  /** Puts the text into a user's turn of the model's chat template, as `--apply_chat_template` does. */
  chatTemplate: boolean;
}

/** The same for two answers to the same question of the same data. */
export function keyOf({ docId, question: { exam } }: NumberedQuestion): string {
  return `${exam} ${docId}`;
}
