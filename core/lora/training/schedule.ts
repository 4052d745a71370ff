/** Learning rate of a step, as training/teaching/schedule.py has it: linear to the largest, then half a cosine. */

export interface ScheduleSettings {
  steps: number;
  /** Largest learning rate. */
  rate: number;
  warmupSteps: number;
  /** Fraction of the largest that is left at the end; 1 leaves the rate as it is. */
  final: number;
}

/** @param step from 0 on */
export function rateAt(step: number, { steps, rate, warmupSteps, final }: ScheduleSettings): number {
  if (step < warmupSteps) return (rate * (step + 1)) / warmupSteps;
  const done = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return rate * (final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * done)));
}
