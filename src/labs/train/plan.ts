/** Plans of trainings: what is trained, on what, and how. */
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { shapeJson } from '#core/gemma3/shape-json.ts';
import type { RunPlan } from '#core/lora/training/kept-run.ts';
import type { Language } from '#core/phantoms/question.ts';
import { settingsFor, TASK_CHOICES, type TaskChoice, type TrainingData } from './data.ts';
import {
  loraSettings,
  measureEvery,
  MEASURED_ROWS,
  trainingSettings,
  type Hyperparameters,
} from './settings.svelte.ts';

export interface Asked {
  task: TaskChoice;
  language: Language | undefined;
  data: TrainingData;
  values: Hyperparameters;
  config: Gemma3Config;
  model: { name: string; dtype: string; manifestSha256: string | undefined };
}

/** @param taken names of other runs */
export function planOf({ task, language, data, values, config, model }: Asked, taken: readonly string[]): RunPlan {
  return {
    ...identity(`${task === 'own' ? 'own-rows' : task}-r${values.rank}`, taken),
    ...{ task, language, model: { ...model, shape: shapeJson(config) } },
    ...howOf(values),
    ...{ trained: [...data.trained], heldOut: [...data.heldOut], fixed: data.fixed },
  };
}

export function howOf(values: Hyperparameters): Pick<RunPlan, 'lora' | 'settings' | 'measureEvery' | 'measuredRows'> {
  return {
    ...{ lora: loraSettings(values), settings: trainingSettings(values) },
    ...{ measureEvery: measureEvery(values.steps), measuredRows: MEASURED_ROWS },
  };
}

/** The same once more, in another way. */
export function planAgain(plan: RunPlan, { rate }: { rate: number }, taken: readonly string[]): RunPlan {
  return {
    ...plan,
    ...identity(plan.name.replace(/-\d+$/u, ''), taken),
    settings: { ...plan.settings, rate },
  };
}

function identity(name: string, taken: readonly string[]): Pick<RunPlan, 'id' | 'created' | 'name'> {
  let unique = name;
  for (let copy = 2; taken.includes(unique); copy++) unique = `${name}-${copy}`;
  return { id: crypto.randomUUID(), created: new Date().toISOString(), name: unique };
}

/** That which the task was measured with; where a run had that, or less, a fifth of its own, to one digit. */
export function smallerRate({ task, settings }: Pick<RunPlan, 'task' | 'settings'>): number {
  const usual = settingsFor(TASK_CHOICES.find((name) => name === task) ?? 'own').rate;
  return settings.rate > usual ? usual : Number((settings.rate / 5).toPrecision(1));
}
