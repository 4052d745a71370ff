import type { Sampling } from './sampling.ts';
import { chooseToken } from './choose.ts';
import { Random } from './random.ts';
import { argmax } from './top-k.ts';

/** Samples the tokens of one answer. The same seed and logits give the same tokens. */
export interface Sampler {
  /**
   * @param logits [vocabulary]; the repetition penalty changes those of `seen` in place
   * @param seen ids of prompt and answer so far, each once
   * @throws RangeError if a logit is NaN or the largest is infinite
   */
  sample(logits: Float32Array, seen: ReadonlySet<number>): number;
}

/** @throws RangeError for settings outside the ranges of `Sampling` */
export function createSampler(sampling: Sampling): Sampler {
  const random = randomOf(sampling);
  const { temperature, repetitionPenalty } = sampling;
  return {
    sample(logits, seen) {
      penalizeRepetition(logits, seen, repetitionPenalty);
      if (temperature === 0) return argmax(logits);
      return chooseToken(logits, sampling, random.uniform());
    },
  };
}

/**
 * The numbers of an answer: one for each token that is sampled.
 * @throws RangeError for settings outside the ranges of `Sampling`
 */
export function randomOf(sampling: Sampling): Random {
  const { temperature, topK, topP, repetitionPenalty, seed } = sampling;
  const check = (isRight: boolean, what: string) => {
    if (!isRight) throw new RangeError(`sampling: ${what}, got ${JSON.stringify(sampling)}`);
  };
  check(Number.isFinite(temperature) && temperature >= 0, 'temperature must be 0 or more');
  check(Number.isInteger(topK) && topK >= 0, 'topK must be an integer, 0 or more');
  check(topP > 0 && topP <= 1, 'topP must be above 0 and at most 1');
  check(Number.isFinite(repetitionPenalty) && repetitionPenalty > 0, 'repetitionPenalty must be above 0');
  return Random.fromSeed(seed);
}

/**
 * Repetition penalty (Keskar et al. 2019) as in Hugging Face, in place: positive logits are divided, negative ones
 * multiplied.
 */
export function penalizeRepetition(logits: Float32Array, seen: ReadonlySet<number>, penalty: number): void {
  if (penalty === 1) return;
  for (const id of seen) {
    const logit = logits[id];
    // Ids of image tokens may be beyond the output head's rows.
    if (logit !== undefined) logits[id] = logit < 0 ? logit * penalty : logit / penalty;
  }
}
