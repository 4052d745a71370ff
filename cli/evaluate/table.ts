/** A summary as a table for people. */
import type { Scores } from '#core/phantoms/scores.ts';
import { fixed, percent, table } from '../shared/table.ts';

export function summaryTable(summary: Scores): string {
  const languages = Object.keys(summary.by_language);
  const perLanguage = (name: string, values: Readonly<Record<string, number>>) => [
    name,
    ...languages.map((language) => fixed(values[language], 3, '')),
  ];
  return table([
    ['answered right', ...languages, 'all'],
    ...Object.entries(summary.by_question).map(([kind, all]) => [
      kind,
      ...languages.map((language) => percent(summary.by_question_and_language[`${kind} ${language}`], '')),
      percent(all),
    ]),
    ['all', ...languages.map((language) => percent(summary.by_language[language])), percent(summary.exact_match)],
    ['about images', ...languages.map(() => ''), percent(summary.exact_match_about_images)],
    perLanguage('perplexity', summary.perplexity),
    perLanguage('tokens an answer', summary.tokens_per_answer),
    perLanguage('tokens a question', summary.prompt_tokens),
  ]);
}
