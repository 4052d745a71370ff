/** A summary as people read it. */
import type { Scores } from '#core/phantoms/scores.ts';

export function summaryTable(summary: Scores): string {
  const languages = Object.keys(summary.by_language);
  const percent = (fraction: number | undefined) =>
    (fraction === undefined ? '' : `${(100 * fraction).toFixed(1)} %`).padStart(9);
  const figure = (value: number | undefined) => (value?.toFixed(3) ?? '').padStart(9);
  const row = (name: string, cells: readonly string[]) => [name.padEnd(22), ...cells].join('');
  const perLanguage = (name: string, values: Readonly<Record<string, number>>) =>
    row(name, [...languages.map((language) => figure(values[language]))]);
  return [
    row(
      'answered right',
      [...languages, 'all'].map((name) => name.padStart(9)),
    ),
    ...Object.entries(summary.by_question).map(([kind, all]) =>
      row(kind, [
        ...languages.map((language) => percent(summary.by_question_and_language[`${kind} ${language}`])),
        percent(all),
      ]),
    ),
    row('all', [...languages.map((language) => percent(summary.by_language[language])), percent(summary.exact_match)]),
    row('about images', [...languages.map(() => percent(undefined)), percent(summary.exact_match_about_images)]),
    perLanguage('perplexity', summary.perplexity),
    perLanguage('tokens an answer', summary.tokens_per_answer),
    perLanguage('tokens a question', summary.prompt_tokens),
  ].join('\n');
}
