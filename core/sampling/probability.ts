/** Token probabilities from unscaled logits: softmax at temperature 1, in float64. */
import { argmax, topK } from './top-k.ts';

export interface TokenProbability {
  id: number;
  probability: number;
}

export class Softmax {
  readonly #logits: Float32Array;
  readonly #largest: number;
  readonly #sum: number;

  /** Keeps a reference to the logits, which must not change. @throws RangeError if one is NaN or the largest is infinite */
  constructor(logits: Float32Array) {
    const largest = logits[argmax(logits)] ?? NaN;
    if (!Number.isFinite(largest)) throw new RangeError(`the largest logit is ${largest}`);
    let sum = 0;
    for (let id = 0; id < logits.length; id++) sum += Math.exp((logits[id] ?? NaN) - largest);
    this.#logits = logits;
    this.#largest = largest;
    this.#sum = sum;
  }

  /** Probability of a token. @throws RangeError for an id without a logit */
  of(id: number): number {
    const logit = this.#logits[id];
    if (logit === undefined)
      throw new RangeError(`token ${id} is none of the ${this.#logits.length} that have a logit`);
    return Math.exp(logit - this.#largest) / this.#sum;
  }

  /** The `count` most probable tokens except `except`, most probable first; ties in order of id. */
  mostProbable(count: number, except: number): TokenProbability[] {
    const ids = [...topK(this.#logits, count + 1).ids].filter((id) => id !== except);
    return ids.slice(0, count).map((id) => ({ id, probability: this.of(id) }));
  }
}
