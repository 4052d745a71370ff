import { isAnsweredRight } from '#core/exam/compare.ts';
import { LETTERS } from '#core/exam/question.ts';
import { csv } from '../../platform/csv.ts';
import type { Run } from './run.svelte.ts';

/** A row a question. The columns are those of the data set, so that a file can be joined with it. */
export function runCsv({ answered }: Pick<Run, 'answered'>): string {
  const head = [
    ...['exam', 'doc_id', 'year', 'q_number', 'question', ...LETTERS, 'answer', 'chosen', 'right', 'text', 'ended'],
    ...['prompt_tokens', 'new_tokens', 'seconds', ...LETTERS.map((letter) => `ln_p_${letter}`)],
  ];
  const rows = answered.map((one) => {
    const { docId, question, answer } = one;
    return [
      ...[question.exam, docId, question.year ?? '', question.number ?? '', question.question],
      ...LETTERS.map((letter) => question.choices[letter]),
      ...[question.answer, answer.chosen ?? '', isAnsweredRight(one) ? 1 : 0, answer.text, answer.ended],
      ...[answer.promptTokens, answer.newTokens, answer.milliseconds / 1000],
      ...LETTERS.map((letter) => answer.logProbabilities?.[letter] ?? ''),
    ];
  });
  return csv([head, ...rows]);
}
