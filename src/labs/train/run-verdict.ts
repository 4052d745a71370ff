/** What the curve of a training says about it. */
import type { KeptMilestone, KeptStep } from '#core/lora/training/kept-run.ts';

/**
 * broken: the loss rose far above that of the base, which a learning rate that is too high does, and little was learnt since · overfit: trained
 * rows are known, held-out ones are not · learned: held-out rows are answered that the base did not answer
 */
export interface RunVerdict {
  kind: 'broken' | 'overfit' | 'learned';
  /** The milestone with the least held-out loss. */
  best: number;
  /** The largest loss of a step. */
  peak: number;
}

/** A loss so many times that of the base is no chance of a batch. */
const FAR_ABOVE = 1.5;
/** By so much more of the trained rows than of the held-out ones is right when they are known by heart. */
const BY_HEART = 0.3;
/** Less is little. */
const LEARNT = 0.3;

/** @param milestones by step, the base at step 0 first; undefined if there is nothing to say yet */
export function verdictOf(
  milestones: readonly KeptMilestone[],
  steps: readonly Pick<KeptStep, 'loss'>[],
): RunVerdict | undefined {
  const measured = milestones.flatMap(({ step, trained, heldOut }) => (heldOut ? [{ step, trained, heldOut }] : []));
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last || first.step > 0 || last.step === 0) return undefined;
  const best = measured.reduce((least, each) => (each.heldOut.loss < least.heldOut.loss ? each : least), first).step;
  // A loss that is no number is larger than any.
  const losses = [...steps.map(({ loss }) => loss), ...measured.slice(1).map(({ trained }) => trained.loss)];
  const peak = losses.reduce((most, loss) => (loss <= most ? most : loss), 0);
  const before = Math.max(first.trained.loss, first.heldOut.loss);
  const gained = shareOf(last.heldOut) - shareOf(first.heldOut);
  if (shareOf(last.trained) - shareOf(last.heldOut) >= BY_HEART) return { kind: 'overfit', best, peak };
  if (!(peak <= FAR_ABOVE * before) && gained < LEARNT) return { kind: 'broken', best, peak };
  return gained > 0 ? { kind: 'learned', best, peak } : undefined;
}

export function shareOf({ exact, rows }: KeptMilestone['trained']): number {
  return rows > 0 ? exact / rows : 0;
}
