import { csv } from '../../../platform/csv.ts';
import { t } from '../../../platform/locale.svelte.ts';
import { nameOf } from '../tokenizers/entry-name.ts';
import type { TokenizerLab } from '../lab.svelte.ts';

/** CSV with one row per tokenizer. */
export function pairsCsv({ pairs, tokenizers }: TokenizerLab): string {
  const head = [
    t('tokenizer.column.tokenizer'),
    t('tokenizer.pairs.sentences'),
    t('tokenizer.pairs.korean'),
    t('tokenizer.pairs.english'),
    t('tokenizer.pairs.ratio'),
    t('tokenizer.csv.shorter'),
    t('tokenizer.csv.longer'),
  ];
  const rows = pairs.results.map(({ key, measure: { korean, english, ratio } }) => {
    const entry = tokenizers.entries.find((each) => each.key === key);
    return [
      entry ? nameOf(entry) : key,
      korean.texts,
      korean.tokens,
      english.tokens,
      ratio ?? '',
      korean.change?.shorter ?? '',
      korean.change?.longer ?? '',
    ];
  });
  return csv([head, ...rows]);
}
