/** Puts several adapters into one slot: ranks one after the other, so that one product serves them all. */
import type { LoraSlot } from '../onnx/patch/lora-slots.ts';
import type { Adapter } from './adapter.ts';

/** Most that run at once. */
export const MOST_ADAPTERS = 4;

/** Ranks that each adapter takes in every slot: its largest. */
export function ranksOf(adapters: readonly Adapter[]): number[] {
  return adapters.map(({ modules }) => Math.max(...modules.map(({ rank }) => rank)));
}

/** Sum of ranksOf: columns of A and rows of B. */
export function rankOf(adapters: readonly Adapter[]): number {
  return ranksOf(adapters).reduce((sum, rank) => sum + rank, 0);
}

/** Aᵀ of a slot, [inputs, rank] row-major; zeros where an adapter is not on it, or has a smaller rank there. */
export function stackA(slot: LoraSlot, adapters: readonly Adapter[]): Float32Array<ArrayBuffer> {
  const rank = rankOf(adapters);
  const a = new Float32Array(slot.inputs * rank);
  for (const { module, first } of modulesOf(slot, adapters))
    for (let k = 0; k < module.rank; k++)
      for (let i = 0; i < slot.inputs; i++) a[i * rank + first + k] = module.a[k * slot.inputs + i] ?? 0;
  return a;
}

/** Scale and strength times Bᵀ of a slot, [rank, outputs] row-major. @param strengths one for each adapter */
export function stackB(
  slot: LoraSlot,
  adapters: readonly Adapter[],
  strengths: readonly number[],
): Float32Array<ArrayBuffer> {
  const { outputs } = slot;
  const b = new Float32Array(rankOf(adapters) * outputs);
  for (const { module, first, index } of modulesOf(slot, adapters)) {
    const factor = module.scale * (strengths[index] ?? 0);
    for (let k = 0; k < module.rank; k++)
      for (let i = 0; i < outputs; i++) b[(first + k) * outputs + i] = factor * (module.b[i * module.rank + k] ?? 0);
  }
  return b;
}

/** What of the adapters stands in a slot, from which rank on. */
function modulesOf({ layer, target }: LoraSlot, adapters: readonly Adapter[]) {
  const ranks = ranksOf(adapters);
  return adapters.flatMap(({ modules }, index) => {
    const module = modules.find((candidate) => candidate.layer === layer && candidate.target === target);
    const first = ranks.slice(0, index).reduce((sum, rank) => sum + rank, 0);
    return module ? [{ module, first, index }] : [];
  });
}
