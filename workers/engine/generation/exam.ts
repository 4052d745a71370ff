/** One question of an exam, answered in one of two ways. */
import type { ImagePrompt } from '#core/chat/chunks.ts';
import { answerLetter } from '#core/exam/answer-letter.ts';
import { cutAtStop, examPrompt, isStopped, MAX_NEW_TOKENS } from '#core/exam/prompt.ts';
import { LETTERS, type ExamQuestion, type Letter } from '#core/exam/question.ts';
import { FailureError } from '#core/failure.ts';
import type { Chat } from '../chat/chat.ts';
import { withAnswer } from './prefix-cache.ts';
import { complete, nextLogProbabilities, textPrompt, type CompletionInput } from './completion.ts';

/**
 * `generate`: as lm-evaluation-harness asks and reads version 3 of `kormedmcqa`. `letters`: the most probable of the five letters after the
 * prompt, with one prefill and no token generated, which gives another number.
 */
export const EXAM_WAYS = ['generate', 'letters'] as const;
export type ExamWay = (typeof EXAM_WAYS)[number];

export interface ExamAnswer {
  /** Undefined for an answer without a letter. */
  chosen: Letter | undefined;
  /** What was generated, up to the stop; empty for `letters`. */
  text: string;
  /** Tokens of the prompt and new ones. */
  promptTokens: number;
  newTokens: number;
  /** ln of each letter's probability behind the tokens that all of them share, for `letters`. */
  logProbabilities?: Readonly<Record<Letter, number>>;
}

export interface ExamRequest {
  way: ExamWay;
  /** Before the question, with their answers. */
  examples: readonly ExamQuestion[];
  /** Puts the text into a user's turn of the model's chat template, as `--apply_chat_template` does. */
  chatTemplate: boolean;
}

/**
 * @returns undefined when stopped
 * @throws FailureError context-full, unsupported-package
 */
export async function answerQuestion(
  input: Omit<CompletionInput, 'tokenizer'> & { chat: Chat },
  question: ExamQuestion,
  { way, examples, chatTemplate }: ExamRequest,
): Promise<ExamAnswer | undefined> {
  const { tokenizer } = input.chat;
  const completing = { ...input, tokenizer };
  const text = examPrompt(question, examples);
  const prompt = chatTemplate ? turn(input.chat, text) : textPrompt(tokenizer, text);
  const promptTokens = prompt.ids.length;
  if (way === 'letters') {
    const { shared, ids } = letterTokens(input.chat, text, chatTemplate);
    const values = await nextLogProbabilities(completing, withAnswer(prompt, shared), ids);
    if (!values) return undefined;
    const [A = NaN, B = NaN, C = NaN, D = NaN, E = NaN] = values;
    const chosen = LETTERS[values.indexOf(Math.max(...values))];
    return { chosen, text: '', promptTokens, newTokens: 0, logProbabilities: { A, B, C, D, E } };
  }
  const completion = await complete(completing, prompt, { maxNewTokens: MAX_NEW_TOKENS, isEnough: isStopped });
  if (completion.reason === 'stopped') return undefined;
  const answer = cutAtStop(completion.text);
  return { chosen: answerLetter(answer), text: answer, promptTokens, newTokens: completion.ids.length };
}

function turn(chat: Chat, text: string): ImagePrompt {
  return { ...chat.prompt([{ role: 'user', content: [{ type: 'text', text }] }]), hashes: [] };
}

/**
 * The token of each letter: behind a space after the prompt's text, which is how the examples have it; bare at the beginning of a turn.
 * Tokens that all five begin with, such as one for the space, go into the prompt: they are as probable for each of them.
 */
function letterTokens({ tokenizer }: Chat, text: string, chatTemplate: boolean): { shared: number[]; ids: number[] } {
  const before = chatTemplate ? [] : tokenizer.encode(text, { special: false });
  const all = LETTERS.map((letter) =>
    tokenizer.encode(chatTemplate ? letter : `${text} ${letter}`, { special: false }),
  );
  const [first = []] = all;
  const length = first.length - 1;
  const isShared = (id: number, at: number) => at >= length || id === (before[at] ?? first[at]);
  const last = all.map((ids) => ids.at(-1) ?? NaN);
  if (
    length < before.length ||
    all.some((ids) => ids.length !== first.length || !ids.every(isShared)) ||
    new Set(last).size < last.length
  )
    throw new FailureError('unsupported-package', {
      file: 'tokenizer.json',
      reason: 'a letter after the question is not a token of its own; ask for generated answers',
    });
  return { shared: first.slice(before.length, length), ids: last };
}
