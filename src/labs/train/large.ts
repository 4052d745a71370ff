/** Training outside of the page: on a model that no tab holds, with the same data file and settings. */
import { TARGETS } from '#core/budget/lora.ts';
import type { RunShape } from '#core/budget/lora-step.ts';
import type { Hyperparameters } from './settings.svelte.ts';

/** The least there can be: one row with an image of 256 tokens and a short question and answer. */
export const RUN_OF_ONE_ROW: RunShape = { rows: 1, sequence: 300, answers: 24 };

/** Ranks that the planner offers. */
const LEAST_PLANNED_RANK = 4;

/** The planner, with the adapter that is chosen here. */
export function planAddress({ rank, targets }: Hyperparameters): string {
  const query = new URLSearchParams({ model: '4b', rank: String(Math.max(LEAST_PLANNED_RANK, rank)), targets });
  return `#/plan?${query.toString()}`;
}

/** In Node over a package, and in Python over the checkpoint of the teaching model. */
export function commandLines({ rank, alpha, targets, rate, steps, batch, seed }: Hyperparameters): string[] {
  const names = TARGETS[targets];
  const short = names.map((name) => name.replace('_proj', '')).join(',');
  const common = `--rank ${rank} --alpha ${alpha} --steps ${steps} --rate ${rate} --seed ${seed}`;
  return [
    `npm run lora -- --package PACKAGE --data training-data/rows.jsonl --targets ${short} ${common} --batch ${batch} --out ADAPTER`,
    `python -m teaching.lora --checkpoint CHECKPOINT --data training-data/rows.jsonl --targets ${names.join(',')} ${common} --out RUN`,
  ];
}
