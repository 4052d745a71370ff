/** One question of an exam, answered in one of two ways. */
import type { ImagePrompt } from '#core/chat/chunks.ts';
import type { ExamAnswer, ExamHow } from '#core/exam/answer.ts';
import { answerLetter } from '#core/exam/answer-letter.ts';
import { cutAtStop, examPrompt, isStopped, MAX_NEW_TOKENS } from '#core/exam/prompt.ts';
import { LETTERS, type ExamQuestion } from '#core/exam/question.ts';
import { FailureError } from '#core/failure.ts';
import type { Chat } from '../chat/chat.ts';
import { withAnswer } from './prefix-cache.ts';
import { complete, nextLogProbabilities, textPrompt, type CompletionInput } from './completion.ts';

export interface ExamRequest extends Omit<ExamHow, 'shots'> {
  /** Before the question, with their answers. */
  examples: readonly ExamQuestion[];
}

/**
 * @returns undefined when stopped
 * @throws FailureError context-full, unsupported-package
 */
export async function answerQuestion(
  input: Omit<CompletionInput, 'tokenizer'> & { chat: Chat },
  question: ExamQuestion,
  { way, examples, chatTemplate }: ExamRequest,
  onToken: () => void = () => undefined,
): Promise<ExamAnswer | undefined> {
  const begin = performance.now();
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
    const milliseconds = performance.now() - begin;
    const logProbabilities = { A, B, C, D, E };
    return { chosen, text: '', ended: 'letters', promptTokens, newTokens: 0, milliseconds, logProbabilities };
  }
  const isEnough = (text: string) => {
    onToken();
    return isStopped(text);
  };
  const { text: written, ids, reason } = await complete(completing, prompt, { maxNewTokens: MAX_NEW_TOKENS, isEnough });
  if (reason === 'stopped') return undefined;
  const answer = cutAtStop(written);
  return {
    chosen: answerLetter(answer),
    text: answer,
    ended: reason,
    promptTokens,
    newTokens: ids.length,
    milliseconds: performance.now() - begin,
  };
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
