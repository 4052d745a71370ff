/**
 * The text of a question as lm-evaluation-harness writes it for the task `kormedmcqa` (`_template_yaml`, versions 2 and 3).
 * The colon is U+FF1A, and nothing follows it.
 */
import { strip } from './python-text.ts';
import { LETTERS, type ExamQuestion } from './question.ts';

/** Where an answer is cut: `generation_kwargs.until` of the task. */
export const UNTIL = ['Q:', '</s>', '<|im_end|>', '.', '\n\n'] as const;
/** `max_gen_toks` of the task. */
export const MAX_NEW_TOKENS = 1024;

/** @param examples with their answers, before the question; the first of the split `fewshot` */
export function examPrompt(question: ExamQuestion, examples: readonly ExamQuestion[] = []): string {
  return [...examples.map((example) => `${asked(example)} ${example.answer}\n\n`), asked(question)].join('');
}

function asked({ question, choices }: ExamQuestion): string {
  return [strip(question), ...LETTERS.map((letter) => `${letter}. ${choices[letter]}`), '정답：'].join('\n');
}

/** The answer up to the first of the stops in the task's order, each cutting what the one before has left. */
export function cutAtStop(text: string): string {
  return UNTIL.reduce((left, stop) => left.split(stop)[0] ?? '', text);
}

/** True if nothing that is generated after `text` changes what `cutAtStop` leaves of it. */
export function isStopped(text: string): boolean {
  return UNTIL.some((stop) => text.includes(stop));
}
