/** What the lab can train on. */
import { PHANTOM_TASKS, type PhantomTask } from '#core/lora/training/tasks.ts';
import { OWN_ROWS_SETTINGS, TASK_SETTINGS } from '#core/lora/training/task-settings.ts';
import type { WishedAnswer } from '#core/lora/training/wished-answer.ts';
import { TARGETS } from '#core/budget/lora.ts';
import type { Language } from '#core/phantoms/question.ts';
import { TARGET_CHOICES, type Hyperparameters } from './settings.svelte.ts';

/** Tasks on phantoms, and the rows that the visitor writes. */
export const TASK_CHOICES = [...PHANTOM_TASKS, 'own'] as const;
export type TaskChoice = (typeof TASK_CHOICES)[number];

export interface TrainingData {
  trained: readonly WishedAnswer[];
  heldOut: readonly WishedAnswer[];
  /** Answered again and again. */
  fixed: WishedAnswer;
}

export const isPhantomTask = (task: TaskChoice): task is PhantomTask => task !== 'own';

/** Settings that `bench/training-tasks.ts` measured. */
export function settingsFor(task: TaskChoice): Omit<Hyperparameters, 'seed'> {
  const { lora, training } = isPhantomTask(task) ? TASK_SETTINGS[task] : OWN_ROWS_SETTINGS;
  const targets = TARGET_CHOICES.find((name) => {
    const chosen = TARGETS[name];
    return chosen.length === lora.targets.length && chosen.every((target) => lora.targets.includes(target));
  });
  return {
    ...{ rank: lora.rank, alpha: lora.alpha, targets: targets ?? 'qvo' },
    ...{ rate: training.rate, steps: training.steps, warmup: training.warmupSteps },
    batch: training.batchRows,
  };
}

/** Of texts that a visitor wrote. */
export function languageOf({ question, answer }: WishedAnswer): Language {
  return /\p{Script=Hangul}/u.test(question + answer) ? 'ko' : 'en';
}
