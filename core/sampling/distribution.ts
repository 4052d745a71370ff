import { argmax, topK } from './top-k.ts';

/** Candidate tokens with probabilities that sum to 1. */
export interface Distribution {
  /** Undefined: the index is the id. */
  ids: Int32Array | undefined;
  probabilities: Float64Array;
}

/**
 * Applies temperature, then top-k, then top-p to the rest, in the order of Hugging Face's logits processors.
 * @param temperature above 0
 * @param k keep the k most probable tokens; 0 keeps all
 * @param p keep the most probable tokens until their sum reaches p (Holtzman et al. 2019), including the token that reaches it;
 *   1 keeps all
 *
 * On a tie the lowest id is kept. The order depends only on the input, so draws are reproducible.
 * @throws RangeError if a logit is NaN or the largest is infinite
 */
export function distribution(logits: Float32Array, temperature: number, k: number, p: number): Distribution {
  const cutsByRank = k > 0 && k < logits.length;
  if (cutsByRank) {
    const ranked = topK(logits, k);
    const weights = expWeights(ranked.logits, ranked.logits[0], temperature);
    return cut(ranked.ids, weights.values, p < 1 ? p * weights.sum : Infinity);
  }
  const weights = expWeights(logits, logits[argmax(logits)], temperature);
  if (p < 1) return nucleus(logits, weights, p);
  return { ids: undefined, probabilities: weights.values.map((weight) => weight / weights.sum) };
}

interface Weights {
  values: Float64Array;
  sum: number;
}

/** exp((logit − largest) / temperature) */
function expWeights(logits: Float32Array, largest: number | undefined, temperature: number): Weights {
  if (largest === undefined || !Number.isFinite(largest)) throw new RangeError(`the largest logit is ${largest}`);
  const values = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = Math.exp((logits[i]! - largest) / temperature);
    values[i] = weight;
    sum += weight;
  }
  return { values, sum };
}

const BUCKETS = 4096;

/**
 * Top-p over a whole vocabulary without sorting it: a weighted histogram of the logits shows the bucket in which p is reached,
 * and only that bucket is sorted. Tokens with weights below (1 − p)/V of the sum have less than 1 − p in total, so the buckets
 * exclude them.
 */
function nucleus(logits: Float32Array, { values, sum }: Weights, p: number): Distribution {
  const least = (sum * (1 - p)) / values.length;
  let [lowest, highest] = [Infinity, -Infinity];
  for (let id = 0; id < values.length; id++) {
    const logit = logits[id]!;
    if (logit > highest) highest = logit;
    if (values[id]! >= least && logit < lowest) lowest = logit;
  }
  const perLogit = highest > lowest ? (BUCKETS - 1) / (highest - lowest) : 0;
  const bucketOf = (id: number) => Math.floor((highest - logits[id]!) * perLogit);
  const masses = new Float64Array(BUCKETS);
  for (let id = 0; id < values.length; id++) {
    if (values[id]! >= least) masses[bucketOf(id)]! += values[id]!;
  }
  const target = p * sum;
  let last = 0;
  for (let reached = masses[0]!; reached < target && last < BUCKETS - 1; reached += masses[++last]!);

  const above: number[] = [];
  const within: number[] = [];
  for (let id = 0; id < values.length; id++) {
    if (values[id]! < least) continue;
    const bucket = bucketOf(id);
    if (bucket < last) above.push(id);
    else if (bucket === last) within.push(id);
  }
  within.sort((a, b) => logits[b]! - logits[a]! || a - b);
  const ids = Int32Array.from([...above, ...within]);
  return cut(
    ids,
    Float64Array.from(ids, (id) => values[id]!),
    target,
  );
}

/** Keeps the first tokens until their weights reach `target`, at least one. */
function cut(ids: Int32Array, weights: Float64Array, target: number): Distribution {
  let count = 0;
  let reached = 0;
  while (count < weights.length && (count === 0 || reached < target)) reached += weights[count++]!;
  return {
    ids: ids.subarray(0, count),
    probabilities: weights.subarray(0, count).map((weight) => weight / reached),
  };
}

/** The token at `u` of the cumulative probabilities. @param u in [0, 1) */
export function draw({ ids, probabilities }: Distribution, u: number): number {
  let index = 0;
  // Rounding can leave the sum just below u; then the last token with a probability above 0 is returned.
  for (let i = 0, reached = 0; i < probabilities.length; i++) {
    const probability = probabilities[i]!;
    if (probability === 0) continue;
    index = i;
    reached += probability;
    if (u < reached) break;
  }
  return ids === undefined ? index : ids[index]!;
}
