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

const TRAINING: TrainingSettings = {
  ...{ steps: 80, rate: 0.01, warmupSteps: 5, final: 0.05, batchRows: 16, tokensAtOnce: 2048, clip: 1, seed: 0 },
  ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
};

const withSteps = (steps: number, more: Partial<TaskSettings['training']> = {}): TaskSettings => ({
  lora: LORA,
  training: { ...TRAINING, ...more, steps },
  rows: { trained: 400, heldOut: 100 },
});

export const TASK_SETTINGS: Readonly<Record<PhantomTask, TaskSettings>> = {
  'patient-side': withSteps(80),
  report: withSteps(60),
  polite: withSteps(40),
  'hanja-count': withSteps(60),
};
