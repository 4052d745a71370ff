import type { Step } from './comparison.ts';

const kindOf = ({ name, contextTokens }: Step) => `${name} ${contextTokens ?? ''}`;

/** Estimates the time that the steps to come take, from those that are done. */
export class TimeLeft {
  readonly #took = new Map<string, number>();

  done(step: Step, milliseconds: number): void {
    this.#took.set(`${step.engine} ${kindOf(step)}`, milliseconds);
    // Until another engine has done the same, the first one's time stands for it.
    if (!this.#took.has(kindOf(step))) this.#took.set(kindOf(step), milliseconds);
  }

  /** In milliseconds; undefined while there is a step to come of which nothing like it was done. */
  estimate(coming: readonly Step[]): number | undefined {
    let sum = 0;
    for (const step of coming) {
      const took = this.#took.get(`${step.engine} ${kindOf(step)}`) ?? this.#took.get(kindOf(step));
      if (took === undefined) return undefined;
      sum += took;
    }
    return sum;
  }
}
