/** Puts several adapters into one slot: ranks one after the other, so that one product serves them all. */
import type { LoraSlot } from '../onnx/patch/loraSlots.ts';
import type { Adapter } from './adapter.ts';

/** Most that run at once. */
export const MOST_ADAPTERS = 4;

export interface Stacked {
  /** Aᵀ [inputs, rank], row-major. */
  a: Float32Array<ArrayBuffer>;
  /** s · Bᵀ [rank, outputs], row-major. */
  b: Float32Array<ArrayBuffer>;
}

/** Ranks that each adapter takes in every slot: its largest. */
export function ranksOf(adapters: readonly Adapter[]): number[] {
  return adapters.map(({ modules }) => Math.max(...modules.map(({ rank }) => rank)));
}

/** A and B of a slot for these adapters; zeros where an adapter is not on it, or has a smaller rank there. */
export function stack({ layer, target, inputs, outputs }: LoraSlot, adapters: readonly Adapter[]): Stacked {
  const ranks = ranksOf(adapters);
  const rank = ranks.reduce((sum, each) => sum + each, 0);
  const a = new Float32Array(inputs * rank);
  const b = new Float32Array(rank * outputs);
  let first = 0;
  for (const [index, { modules }] of adapters.entries()) {
    const module = modules.find((candidate) => candidate.layer === layer && candidate.target === target);
    if (module) {
      for (let k = 0; k < module.rank; k++) {
        for (let i = 0; i < inputs; i++) a[i * rank + first + k] = module.a[k * inputs + i] ?? 0;
        for (let i = 0; i < outputs; i++)
          b[(first + k) * outputs + i] = module.scale * (module.b[i * module.rank + k] ?? 0);
      }
    }
    first += ranks[index] ?? 0;
  }
  return { a, b };
}

/** The input `lora.strengths`: the strength of each adapter, for each of its ranks. */
export function strengthsOf(adapters: readonly Adapter[], strengths: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(ranksOf(adapters).flatMap((rank, i) => new Array<number>(rank).fill(strengths[i] ?? 0)));
}
