/** Concatenates the ranks of several adapters, so that one LoRA branch computes all of them. */
import type { LoraBranch } from '../onnx/patch/lora-branches.ts';
import type { Adapter } from './adapter.ts';

/** Adapters that can be applied at once. */
export const MAX_ADAPTERS = 4;

/** Ranks that each adapter takes in every branch: its largest. */
export function ranksOf(adapters: readonly Adapter[]): number[] {
  return adapters.map(({ modules }) => Math.max(...modules.map(({ rank }) => rank)));
}

/** Sum of ranksOf: columns of A and rows of B. */
export function rankOf(adapters: readonly Adapter[]): number {
  return ranksOf(adapters).reduce((sum, rank) => sum + rank, 0);
}

/** Aᵀ of a branch, [inputs, rank] row-major; zeros where an adapter is not on it, or has a smaller rank there. */
export function stackA(branch: LoraBranch, adapters: readonly Adapter[]): Float32Array<ArrayBuffer> {
  const rank = rankOf(adapters);
  const a = new Float32Array(branch.inputs * rank);
  for (const { module, first } of modulesOf(branch, adapters))
    for (let k = 0; k < module.rank; k++)
      for (let i = 0; i < branch.inputs; i++) a[i * rank + first + k] = module.a[k * branch.inputs + i] ?? 0;
  return a;
}

/** Scale and strength times Bᵀ of a branch, [rank, outputs] row-major. @param strengths one for each adapter */
export function stackB(
  branch: LoraBranch,
  adapters: readonly Adapter[],
  strengths: readonly number[],
): Float32Array<ArrayBuffer> {
  const { outputs } = branch;
  const b = new Float32Array(rankOf(adapters) * outputs);
  for (const { module, first, index } of modulesOf(branch, adapters)) {
    const factor = module.scale * (strengths[index] ?? 0);
    for (let k = 0; k < module.rank; k++)
      for (let i = 0; i < outputs; i++) b[(first + k) * outputs + i] = factor * (module.b[i * module.rank + k] ?? 0);
  }
  return b;
}

/** The adapters' modules on the projection of a branch, each with its first rank in the branch. */
function modulesOf({ layer, target }: LoraBranch, adapters: readonly Adapter[]) {
  const ranks = ranksOf(adapters);
  return adapters.flatMap(({ modules }, index) => {
    const module = modules.find((candidate) => candidate.layer === layer && candidate.target === target);
    const first = ranks.slice(0, index).reduce((sum, rank) => sum + rank, 0);
    return module ? [{ module, first, index }] : [];
  });
}
