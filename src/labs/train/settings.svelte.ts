import { TARGETS, type TargetChoice } from '#core/budget/lora.ts';
import type { RunPlan } from '#core/lora/training/kept-run.ts';
import type { TrainingSettings } from '#core/lora/training/trainer.ts';
import { SETS } from '#core/phantoms/sets.ts';

export const RANKS = [1, 2, 4, 8, 16, 32] as const;
export const TARGET_CHOICES = ['qvo', 'qkvo', 'all'] as const satisfies readonly TargetChoice[];

/** [least, most] of what is typed. The page lets a run break: rates are bounded by what is a rate at all. */
export const RANGES = {
  alpha: [1, 1024],
  rate: [1e-6, 10],
  steps: [1, 2000],
  batch: [1, 64],
  warmup: [0, 500],
  /** Phantoms are drawn by it. */
  seed: [0, SETS - 1],
} as const;
export type TypedSetting = keyof typeof RANGES;

/**
 * Above it little was learnt from the patient's side in 24 steps, and the loss rose first:
 * `npx tsx bench/training-tasks.ts --tasks patient-side --languages ko --seeds 0 --every 8 --steps 24 --losses --rate R`.
 */
export const HIGH_RATE = 0.05;

/** Measurements of a whole run, and rows of each. */
const MEASUREMENTS = 12;
export const MEASURED_ROWS = 40;
/** Tokens of a run of the graph. */
const TOKENS_AT_ONCE = 2048;

export interface Hyperparameters {
  rank: number;
  alpha: number;
  targets: TargetChoice;
  /** Largest learning rate. */
  rate: number;
  steps: number;
  /** Rows of a step. */
  batch: number;
  warmup: number;
  seed: number;
}

export class Settings implements Hyperparameters {
  rank = $state(8);
  alpha = $state(16);
  targets = $state<TargetChoice>('qvo');
  rate = $state(5e-3);
  steps = $state(120);
  batch = $state(16);
  warmup = $state(10);
  seed = $state(0);

  set(values: Partial<Hyperparameters>): void {
    Object.assign(this, values);
  }

  /** The scale alpha / rank is kept at 2, as is usual. */
  setRank(rank: number): void {
    this.rank = rank;
    this.alpha = 2 * rank;
  }

  get values(): Hyperparameters {
    const { rank, alpha, targets, rate, steps, batch, warmup, seed } = this;
    return { rank, alpha, targets, rate, steps, batch, warmup, seed };
  }
}

export function loraSettings({ rank, alpha, targets }: Hyperparameters): RunPlan['lora'] {
  return { rank, alpha, targets: [...TARGETS[targets]] };
}

/** AdamW, clipped at norm 1; the rate rises over the warm-up and falls by half a cosine to a twentieth, as `npm run lora` does. */
export function trainingSettings({ rate, steps, batch, warmup, seed }: Hyperparameters): TrainingSettings {
  return {
    ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0, clip: 1 },
    ...{ rate, steps, warmupSteps: Math.min(warmup, steps), final: 0.05 },
    ...{ batchRows: batch, tokensAtOnce: TOKENS_AT_ONCE, seed },
  };
}

export function measureEvery(steps: number): number {
  return Math.max(1, Math.round(steps / MEASUREMENTS));
}
