import { csv } from '../../platform/csv.ts';
import { t } from '../../platform/locale.svelte.ts';
import { nameOfTrial } from './names.ts';
import type { Trials } from './trials.svelte.ts';

/** CSV with one row per setting: figures, then answers. The header contains the questions. */
export function trialsCsv({ trials, set, questions }: Pick<Trials, 'trials' | 'set' | 'questions'>): string {
  const tried = trials.filter(({ measured }) => measured.answers.length > 0);
  const asked = Math.max(0, ...tried.map(({ measured }) => measured.answers.length));
  const sheet = questions.slice(0, asked);
  const head = [
    t('quant.column.name'),
    t('quant.csv.set'),
    t('quant.column.bits'),
    t('quant.csv.bytes'),
    t('quant.csv.right'),
    t('quant.column.asked'),
    t('quant.csv.kl'),
    t('quant.csv.kl.most'),
    t('quant.csv.flips'),
    t('quant.csv.tokens'),
    t('quant.csv.memory'),
    t('quant.csv.rate'),
    t('quant.csv.floats'),
    ...sheet.map(({ number, text }) => `${number} ${text}`),
  ];
  const rows = tried.map((trial) => {
    const { measured, asFloats } = trial;
    const { distance, answers, tokensPerSecond } = measured;
    const isReal = asFloats.length === 0;
    return [
      nameOfTrial(trial),
      set,
      trial.bitsPerWeight ?? '',
      trial.weightBytes ?? '',
      trial.right,
      answers.length,
      distance?.kl ?? '',
      distance?.klMost ?? '',
      distance?.flips ?? '',
      distance?.tokens ?? '',
      isReal ? (trial.memoryBytes ?? '') : '',
      isReal ? (tokensPerSecond ?? '') : '',
      asFloats.join(' '),
      ...sheet.map((_, at) => answers[at]?.text ?? ''),
    ];
  });
  const truth = [t('quant.csv.truth'), ...head.slice(1, 13).map(() => ''), ...sheet.map(({ answer }) => answer)];
  return csv([head, truth, ...rows]);
}
