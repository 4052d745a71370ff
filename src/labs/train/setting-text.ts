import type { RunPlan } from '#core/lora/training/kept-run.ts';
import { count } from '../../platform/figures.ts';
import { t } from '../../platform/locale.svelte.ts';
import { TASK_CHOICES } from './data.ts';
import type { Run } from './run.svelte.ts';

export function taskText(task: string): string {
  const known = TASK_CHOICES.find((name) => name === task);
  return known ? t(`train.task.${known}`) : task;
}

/** How a run was trained, in a line. */
export function settingText({ task, lora, settings, trained }: RunPlan): string {
  return t('train.setting', {
    task: taskText(task),
    rows: count(trained.length),
    rank: lora.rank,
    targets: lora.targets.map((target) => target.replace('_proj', '')).join(', '),
    rate: String(settings.rate),
    steps: count(settings.steps),
    seed: settings.seed,
  });
}

/** How far a run is. */
export function stateText({ state, step, plan }: Pick<Run, 'state' | 'step' | 'plan'>): string {
  // The base was only measured, or it was stopped while it was prepared.
  const name = state === 'stopped' && step === 0 ? 'unbegun' : state;
  return t(`train.state.${name}`, { step: count(step), steps: count(plan.settings.steps) });
}
