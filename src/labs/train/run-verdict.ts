/** What the milestones of a training say about it. */
import type { KeptMilestone } from '#core/lora/training/kept-run.ts';

/**
 * broken: the held-out loss is above that of the base, which a learning rate that is too high does · overfit: trained rows are known, held-out
 * ones are not · learned: held-out rows are answered that the base did not answer
 */
export interface RunVerdict {
  kind: 'broken' | 'overfit' | 'learned';
  /** The milestone with the least held-out loss. */
  best: number;
}

/** By so much more of the trained rows than of the held-out ones is right when they are known by heart. */
const BY_HEART = 0.3;

/** @param milestones by step, the base at step 0 first; undefined if there is nothing to say yet */
export function verdictOf(milestones: readonly KeptMilestone[]): RunVerdict | undefined {
  const measured = milestones.flatMap(({ step, trained, heldOut }) => (heldOut ? [{ step, trained, heldOut }] : []));
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last || first.step > 0 || last.step === 0) return undefined;
  const best = measured.reduce((least, each) => (each.heldOut.loss < least.heldOut.loss ? each : least), first).step;
  // A loss that is no number is no smaller one.
  if (!(last.heldOut.loss <= first.heldOut.loss)) return { kind: isByHeart(last) ? 'overfit' : 'broken', best };
  if (isByHeart(last)) return { kind: 'overfit', best };
  return shareOf(last.heldOut) > shareOf(first.heldOut) ? { kind: 'learned', best } : undefined;
}

type Measured = Pick<KeptMilestone, 'trained'> & { heldOut: KeptMilestone['trained'] };

const isByHeart = ({ trained, heldOut }: Measured) => shareOf(trained) - shareOf(heldOut) >= BY_HEART;

export function shareOf({ exact, rows }: KeptMilestone['trained']): number {
  return rows > 0 ? exact / rows : 0;
}
