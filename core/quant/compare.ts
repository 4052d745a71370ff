/** Compares the predictions of a quantized model with those of the original, from rows of logits over the same vocabulary. */

/**
 * KL(P‖Q) = Σ p·(log p − log q) in nats, of the softmaxes P of `reference` and Q of `other`; 0 if both predict the same.
 * NaN if a logit is NaN.
 * @throws RangeError if the rows have different lengths
 */
export function klDivergence(reference: Float32Array, other: Float32Array): number {
  sameLength(reference, other);
  const [p, q] = [logPartition(reference), logPartition(other)];
  let sum = 0;
  for (let id = 0; id < reference.length; id++) {
    const logP = (reference[id] ?? NaN) - p;
    const probability = Math.exp(logP);
    // Tokens with probability 0 in P contribute 0, whatever Q is: 0 · log 0 = 0.
    if (probability !== 0) sum += probability * (logP - ((other[id] ?? NaN) - q));
  }
  // Rounding may give a tiny negative sum; the divergence is then 0. NaN stays NaN.
  return sum < 0 ? 0 : sum;
}

/** Id of the largest logit, the lowest id on a tie: the next token of greedy decoding. */
export function argmaxLogit(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? NaN) > (logits[best] ?? NaN)) best = id;
  return best;
}

/** Averages over the tokens of answers. */
export interface Distance {
  tokens: number;
  /** Mean of KL(original‖quantized) over the tokens, nats. */
  kl: number;
  /** Largest KL of a single token. */
  klMost: number;
  /** Number of tokens at which the most probable token differs. */
  flips: number;
}

/** Accumulates the distance row by row. */
export class Distances {
  #tokens = 0;
  #sum = 0;
  #most = 0;
  #flips = 0;

  /** Adds the logits of both models for the same context. @throws RangeError as `klDivergence` */
  add(reference: Float32Array, other: Float32Array): void {
    const kl = klDivergence(reference, other);
    this.#tokens++;
    this.#sum += kl;
    this.#most = Math.max(this.#most, kl);
    if (argmaxLogit(reference) !== argmaxLogit(other)) this.#flips++;
  }

  /** Undefined before the first token. */
  get total(): Distance | undefined {
    if (this.#tokens === 0) return undefined;
    return { tokens: this.#tokens, kl: this.#sum / this.#tokens, klMost: this.#most, flips: this.#flips };
  }
}

/** log Σ exp(logit), with the largest logit subtracted to avoid overflow. */
function logPartition(logits: Float32Array): number {
  let highest = -Infinity;
  for (const value of logits) highest = Math.max(highest, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - highest);
  return highest + Math.log(sum);
}

function sameLength(reference: Float32Array, other: Float32Array): void {
  if (reference.length === other.length) return;
  throw new RangeError(`rows of ${reference.length} and of ${other.length} logits do not belong to one vocabulary`);
}
