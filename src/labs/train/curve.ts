/** The curve of a training as charts take it: one value for each of `x`, null where there is none. */
import type { KeptMilestone, KeptStep } from '#core/lora/training/kept-run.ts';
import { shareOf } from './run-verdict.ts';

type Values = readonly (number | null)[];

export interface LossCurve {
  /** Steps done. */
  x: readonly number[];
  trained: Values;
  heldOut: Values;
}

/** The loss of a step is that before it, so that it stands at the steps done before. */
export function lossCurve(steps: readonly KeptStep[], milestones: readonly KeptMilestone[]): LossCurve {
  const trained = new Map(steps.map(({ step, loss }) => [step - 1, loss]));
  const heldOut = new Map(milestones.map((milestone) => [milestone.step, milestone.heldOut?.loss]));
  const x = [...new Set([...trained.keys(), ...heldOut.keys()])].sort((a, b) => a - b);
  return { x, trained: x.map((at) => drawn(trained.get(at))), heldOut: x.map((at) => drawn(heldOut.get(at))) };
}

/** Shares that are answered word for word. */
export function exactCurve(milestones: readonly KeptMilestone[]): LossCurve {
  return {
    x: milestones.map(({ step }) => step),
    trained: milestones.map(({ trained }) => shareOf(trained)),
    heldOut: milestones.map(({ heldOut }) => (heldOut ? shareOf(heldOut) : null)),
  };
}

/** Mean loss of the steps since the milestone before; undefined at the first. */
export function lossBefore(
  { step }: KeptMilestone,
  before: KeptMilestone | undefined,
  steps: readonly KeptStep[],
): number | undefined {
  const since = steps.filter((each) => each.step > (before?.step ?? 0) && each.step <= step);
  return since.length > 0 ? since.reduce((sum, { loss }) => sum + loss, 0) / since.length : undefined;
}

/** What is no number any more is not drawn. */
function drawn(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
