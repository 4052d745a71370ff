import type { Sampling } from './sampling.ts';
import { distribution, draw } from './distribution.ts';
import { Random } from './random.ts';
import { argmax } from './top-k.ts';

/** Chooses the tokens of one answer. The same seed and the same logits give the same tokens. */
export interface Sampler {
  /**
   * @param logits [vocabulary]; the repetition penalty changes those of `seen` in place
   * @param seen ids of prompt and answer so far, each once
   * Throws RangeError when a logit is NaN or the largest is infinite.
   */
  sample(logits: Float32Array, seen: ReadonlySet<number>): number;
}

/** Throws RangeError for settings outside what `Sampling` documents. */
export function createSampler(sampling: Sampling): Sampler {
  const { temperature, topK, topP, repetitionPenalty, seed } = sampling;
  const check = (isRight: boolean, what: string) => {
    if (!isRight) throw new RangeError(`sampling: ${what}, got ${JSON.stringify(sampling)}`);
  };
  check(Number.isFinite(temperature) && temperature >= 0, 'temperature must be 0 or more');
  check(Number.isInteger(topK) && topK >= 0, 'topK must be an integer, 0 or more');
  check(topP > 0 && topP <= 1, 'topP must be above 0 and at most 1');
  check(Number.isFinite(repetitionPenalty) && repetitionPenalty > 0, 'repetitionPenalty must be above 0');
  const random = Random.fromSeed(seed);
  return {
    sample(logits, seen) {
      penalizeRepetition(logits, seen, repetitionPenalty);
      if (temperature === 0) return argmax(logits);
      return draw(distribution(logits, temperature, topK, topP), random.uniform());
    },
  };
}

/** Keskar et al. 2019, as Hugging Face does it: positive logits are divided, negative ones multiplied. In place. */
export function penalizeRepetition(logits: Float32Array, seen: ReadonlySet<number>, penalty: number): void {
  if (penalty === 1) return;
  for (const id of seen) {
    const logit = logits[id];
    // Image tokens can lie beyond the head's rows.
    if (logit !== undefined) logits[id] = logit < 0 ? logit * penalty : logit / penalty;
  }
}
