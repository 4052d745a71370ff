import { csv } from '../../../platform/csv.ts';
import { t } from '../../../platform/locale.svelte.ts';
import { nameOf } from '../tokenizers/entry-name.ts';
import type { TokenizerLab } from '../lab.svelte.ts';
import { sentencesOf } from './sentences.ts';

/** CSV with one row per sentence, one column per tokenizer, and the sums. */
export function textCsv({ live, tokenizers, totals }: TokenizerLab): string {
  const { shown } = tokenizers;
  const head = [
    t('tokenizer.csv.number'),
    t('tokenizer.csv.sentence'),
    ...shown.map((entry) => t('tokenizer.csv.tokens', { name: nameOf(entry) })),
  ];
  const rows = sentencesOf(live.units).map(({ text, counts }, index) => [
    index + 1,
    text.trim(),
    ...shown.map(({ key }) => counts.get(key) ?? 0),
  ]);
  const sums = shown.map(({ key }) => totals.rows.get(key)?.tokens ?? 0);
  return csv([head, ...rows, [t('tokenizer.csv.sum'), '', ...sums]]);
}
