/** Settings of runs in words. */
import type { RunPlan } from '#core/exam/kept.ts';
import type { ExamSetting } from '#core/exam/run.ts';
import { count } from '../../platform/figures.ts';
import { locale, t } from '../../platform/locale.svelte.ts';

const decimal = (value: number) => new Intl.NumberFormat(locale.current, { maximumFractionDigits: 2 }).format(value);

/** "patient-side-r8 × 0.5" */
export function adaptersText(adapters: ExamSetting['adapters']): string {
  return adapters
    .map(({ name, rank, strength }) => t('exam.adapter', { name, rank, strength: decimal(strength) }))
    .join(', ');
}

/** What tells runs apart in a list: model, precision, adapters, way, examples. */
export function settingText({ how, setting }: Pick<RunPlan, 'how' | 'setting'>): string {
  return [
    setting.name,
    setting.decoder,
    ...(setting.adapters.length > 0 ? [adaptersText(setting.adapters)] : []),
    t(`exam.way.${how.way}.short`),
    t('exam.shots.n', { n: how.shots }),
    ...(how.chatTemplate ? [t('exam.template.short')] : []),
  ].join(' · ');
}

/** "오전 10:03:21 · 국가시험 · 20문제"; with seconds, since two short runs can begin in one minute. */
export function runText({ created, data, questions }: RunPlan): string {
  const time = new Intl.DateTimeFormat(locale.current, { dateStyle: 'short', timeStyle: 'medium' }).format(
    new Date(created),
  );
  return [time, data.name, t('exam.questions', { n: count(questions.length) })].join(' · ');
}

type Difference = 'model' | 'vocabulary' | 'bits' | 'adapters' | 'device' | 'way' | 'shots' | 'template';

/** In what two runs differ. */
export function differencesOf(one: RunPlan, other: RunPlan): Difference[] {
  const parts = ({ how, setting }: RunPlan): Record<Difference, unknown> => ({
    model: [setting.name, setting.manifestSha256],
    vocabulary: setting.vocabularySize,
    bits: setting.decoder,
    adapters: setting.adapters,
    device: [setting.provider, setting.device],
    way: how.way,
    shots: how.shots,
    template: how.chatTemplate,
  });
  const [a, b] = [parts(one), parts(other)];
  const names = ['model', 'vocabulary', 'bits', 'adapters', 'device', 'way', 'shots', 'template'] as const;
  return names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}

/** Name of an exam, if it is one of the data set. */
export function examText(exam: string): string {
  if (exam === 'doctor' || exam === 'nurse' || exam === 'pharm' || exam === 'dentist') return t(`exam.name.${exam}`);
  return exam === 'own' ? t('exam.data.own') : exam;
}
