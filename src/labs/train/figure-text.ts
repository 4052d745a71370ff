import type { KeptMilestone } from '#core/lora/training/kept-run.ts';
import { count } from '../../platform/figures.ts';

/** A loss in nats, to three digits; what is no number is said so. */
export function lossText(loss: number): string {
  return Number.isFinite(loss) ? loss.toPrecision(3) : String(loss);
}

/** 12 / 40 */
export function matchText({ exact, rows }: KeptMilestone['trained']): string {
  return `${count(exact)} / ${count(rows)}`;
}
