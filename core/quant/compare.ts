/** How far the predictions of a quantized model are from those of the original, from rows of logits over one vocabulary. */

/**
 * KL(P‖Q) = Σ p·(log p − log q) in nats, of the softmaxes P of `reference` and Q of `other`; 0 where both predict the same.
 * Not a number where a logit is none.
 * @throws RangeError when the rows are of different length
 */
export function klDivergence(reference: Float32Array, other: Float32Array): number {
  sameLength(reference, other);
  const [p, q] = [logPartition(reference), logPartition(other)];
  let sum = 0;
  for (let id = 0; id < reference.length; id++) {
    const logP = (reference[id] ?? NaN) - p;
    const probability = Math.exp(logP);
    // What P never says costs nothing, however Q stands to it: 0 · log 0 is 0.
    if (probability !== 0) sum += probability * (logP - ((other[id] ?? NaN) - q));
  }
  // Rounding may leave a hair below zero, where there is no divergence. NaN stays what it is.
  return sum < 0 ? 0 : sum;
}

/** Id of the largest logit, the lowest of equals: what a greedy answer says next. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? NaN) > (logits[best] ?? NaN)) best = id;
  return best;
}

/** Over the tokens of answers. */
export interface Distance {
  tokens: number;
  /** Mean of KL(original‖quantized) over the tokens, nats. */
  kl: number;
  /** The largest of one token. */
  klMost: number;
  /** Tokens at which another one is likeliest. */
  flips: number;
}

/** Adds up rows as they come. */
export class Distances {
  #tokens = 0;
  #sum = 0;
  #most = 0;
  #flips = 0;

  /** Logits for the same token behind the same text. @throws RangeError as `klDivergence` does */
  add(reference: Float32Array, other: Float32Array): void {
    const kl = klDivergence(reference, other);
    this.#tokens++;
    this.#sum += kl;
    this.#most = Math.max(this.#most, kl);
    if (likeliest(reference) !== likeliest(other)) this.#flips++;
  }

  /** Undefined before the first token. */
  get total(): Distance | undefined {
    if (this.#tokens === 0) return undefined;
    return { tokens: this.#tokens, kl: this.#sum / this.#tokens, klMost: this.#most, flips: this.#flips };
  }
}

/** log Σ exp(logit), with the largest taken out so that nothing overflows. */
function logPartition(logits: Float32Array): number {
  let highest = -Infinity;
  for (const value of logits) highest = Math.max(highest, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - highest);
  return highest + Math.log(sum);
}

function sameLength(reference: Float32Array, other: Float32Array): void {
  if (reference.length === other.length) return;
  throw new RangeError(`rows of ${reference.length} and of ${other.length} logits are not of one vocabulary`);
}
