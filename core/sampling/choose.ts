/**
 * One token out of a row of logits: temperature, then top-k, then top-p of the rest, in the order of Hugging Face's logits
 * processors, then the inverse of the cumulative distribution in order of rank. Rank: largest logit first, lowest id on a tie. So
 * a choice depends on nothing but the row, the settings and `u`.
 */
import { RankOrder } from './rank-order.ts';
import type { Sampling } from './sampling.ts';
import { argmax, topK, type Ranked } from './top-k.ts';

/** What of the settings decides which tokens are kept, and their weights. `temperature` is above 0. */
export type Cuts = Pick<Sampling, 'temperature' | 'topK' | 'topP'>;

/**
 * @param logits [vocabulary]
 * @param u in [0, 1): the share of the kept probability that lies at or before the token
 * @throws RangeError if a logit is NaN or the largest is infinite
 */
export function chooseToken(logits: Float32Array, cuts: Cuts, u: number): number {
  const { temperature, topK: k, topP: p } = cuts;
  if (k > 0 && k < logits.length) return chooseRanked(topK(logits, k), temperature, p, u);
  const { weights, sum } = expWeights(logits, logits[argmax(logits)], temperature);
  // Tokens below (1 − p)/V of the sum have less than 1 − p in total, so top-p keeps none of them.
  const least = p < 1 ? (sum * (1 - p)) / weights.length : 0;
  const order = new RankOrder(logits, weights, least);
  const kept = p < 1 ? order.first((reached) => reached >= p * sum).reached : sum;
  // `u * kept` may round to `kept`, which the last kept token reaches.
  return order.first((reached) => reached > u * kept || reached >= kept).id;
}

/** As `chooseToken`, where top-k keeps exactly the tokens of `ranked`. */
export function chooseRanked(ranked: Ranked, temperature: number, p: number, u: number): number {
  const { weights, sum } = expWeights(ranked.logits, ranked.logits[0], temperature);
  const target = p < 1 ? p * sum : Infinity;
  let count = 0;
  let kept = 0;
  while (count < weights.length && (count === 0 || kept < target)) kept += weights[count++] ?? 0;
  let chosen = 0;
  // Rounding can leave the sum just below u; then the last token with a probability above 0 is returned.
  for (let i = 0, reached = 0; i < count; i++) {
    const probability = (weights[i] ?? 0) / kept;
    if (probability === 0) continue;
    chosen = i;
    reached += probability;
    if (u < reached) break;
  }
  return ranked.ids[chosen] ?? 0;
}

/** exp((logit − largest) / temperature) */
export function expWeights(
  logits: Float32Array,
  largest: number | undefined,
  temperature: number,
): { weights: Float64Array; sum: number } {
  if (largest === undefined || !Number.isFinite(largest)) throw new RangeError(`the largest logit is ${largest}`);
  const weights = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = Math.exp((logits[i]! - largest) / temperature);
    weights[i] = weight;
    sum += weight;
  }
  return { weights, sum };
}
