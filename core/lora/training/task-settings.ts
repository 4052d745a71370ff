/** Settings of the training lab. `npx tsx bench/training-tasks.ts` measures what they reach; the table is in bench/RESULTS.md. */
import type { LoraSettings } from './parameters.ts';
import type { PhantomTask } from './tasks.ts';
import type { TrainingSettings } from './trainer.ts';

export interface TaskSettings {
  lora: LoraSettings;
  training: TrainingSettings;
  /** Rows that are trained on and held out. */
  rows: { trained: number; heldOut: number };
}

const LORA: LoraSettings = { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'o_proj'] };

/** Twice the rate learns in fewer steps what is new, and forgets more of what the model could. */
const TRAINING: Omit<TrainingSettings, 'steps'> = {
  ...{ rate: 5e-3, warmupSteps: 5, final: 0.05, batchRows: 16, tokensAtOnce: 2048, clip: 1, seed: 0 },
  ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
};

const withSteps = (steps: number, trained: number): TaskSettings => ({
  lora: LORA,
  training: { ...TRAINING, steps },
  rows: { trained, heldOut: 100 },
});

export const TASK_SETTINGS: Readonly<Record<PhantomTask, TaskSettings>> = {
  'patient-side': withSteps(120, 600),
  report: withSteps(80, 300),
  polite: withSteps(40, 300),
  'hanja-count': withSteps(120, 300),
};

/** Few rows of one's own are known by heart after so many steps; how little of it holds for other images is what held-out rows show. */
export const OWN_ROWS_SETTINGS: Pick<TaskSettings, 'lora' | 'training'> = {
  lora: LORA,
  training: { ...TRAINING, steps: 40 },
};

/** A learning rate at which every task breaks. */
export const BREAKING_RATE = 1;
