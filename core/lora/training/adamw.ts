/** AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) as torch.optim.AdamW computes it, over one vector. */

export interface AdamWSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled: the parameters shrink by rate · weightDecay a step. */
  weightDecay: number;
}

/** What a run needs to go on as if it had not stopped. */
export interface AdamWState {
  steps: number;
  first: Float32Array<ArrayBuffer>;
  second: Float32Array<ArrayBuffer>;
}

export class AdamW {
  readonly #settings: AdamWSettings;
  #steps = 0;
  /** Moments, float32. */
  #first: Float32Array<ArrayBuffer>;
  #second: Float32Array<ArrayBuffer>;

  constructor(length: number, settings: AdamWSettings) {
    this.#settings = settings;
    this.#first = new Float32Array(length);
    this.#second = new Float32Array(length);
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /** Changes `parameters` in place. @param gradients of the same length @param factor of the gradients, from clipping */
  step(parameters: Float32Array, gradients: Float32Array, rate: number, factor = 1): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#settings;
    const [first, second] = [this.#first, this.#second];
    this.#steps++;
    const stepSize = rate / (1 - beta1 ** this.#steps);
    const correction = Math.sqrt(1 - beta2 ** this.#steps);
    for (let i = 0; i < parameters.length; i++) {
      const gradient = (gradients[i] ?? NaN) * factor;
      const m = beta1 * (first[i] ?? NaN) + (1 - beta1) * gradient;
      const v = beta2 * (second[i] ?? NaN) + (1 - beta2) * gradient * gradient;
      first[i] = m;
      second[i] = v;
      const kept = (parameters[i] ?? NaN) * (1 - rate * weightDecay);
      parameters[i] = kept - (stepSize * m) / (Math.sqrt(v) / correction + epsilon);
    }
  }

  state(): AdamWState {
    return { steps: this.#steps, first: this.#first.slice(), second: this.#second.slice() };
  }

  restore({ steps, first, second }: AdamWState): void {
    if (first.length !== this.#first.length || second.length !== this.#second.length)
      throw new RangeError(`moments of ${first.length} numbers, the adapter has ${this.#first.length}`);
    this.#steps = steps;
    this.#first = first.slice();
    this.#second = second.slice();
  }
}

/** ‖g‖, in double precision. */
export function norm(gradients: Float32Array): number {
  let sum = 0;
  for (const value of gradients) sum += value * value;
  return Math.sqrt(sum);
}

/** As torch's clip_grad_norm_: the factor that brings the norm down to `most`. @param most 0 leaves every gradient as it is */
export function clipFactor(gradientNorm: number, most: number): number {
  return most > 0 ? Math.min(1, most / (gradientNorm + 1e-6)) : 1;
}
