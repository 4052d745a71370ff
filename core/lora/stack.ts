/** Concatenates the ranks of several adapters, so that one LoRA branch computes all of them. */
import type { LoraBranch } from '../onnx/patch/lora-branches.ts';
import type { Adapter } from './adapter.ts';

/** Maximum number of adapters applied at the same time. */
export const MAX_ADAPTERS = 4;

/** Rank of each adapter in every branch: the largest rank of its modules. */
export function ranksOf(adapters: readonly Adapter[]): number[] {
  return adapters.map(({ modules }) => Math.max(...modules.map(({ rank }) => rank)));
}

/** Sum of ranksOf: columns of A and rows of B. */
export function rankOf(adapters: readonly Adapter[]): number {
  return ranksOf(adapters).reduce((sum, rank) => sum + rank, 0);
}

/** Aᵀ of a branch, [inputs, rank] row-major; zero-padded where an adapter has no module or a smaller rank. */
export function stackA(branch: LoraBranch, adapters: readonly Adapter[]): Float32Array<ArrayBuffer> {
  const rank = rankOf(adapters);
  const a = new Float32Array(branch.inputs * rank);
  for (const { module, first } of modulesOf(branch, adapters))
    for (let k = 0; k < module.rank; k++)
      for (let i = 0; i < branch.inputs; i++) a[i * rank + first + k] = module.a[k * branch.inputs + i] ?? 0;
  return a;
}

/** Bᵀ of a branch times scale and strength, [rank, outputs] row-major. @param strengths one per adapter */
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

/** The adapters' modules for the projection of a branch, each with its offset along the rank axis. */
function modulesOf({ layer, target }: LoraBranch, adapters: readonly Adapter[]) {
  const ranks = ranksOf(adapters);
  return adapters.flatMap(({ modules }, index) => {
    const module = modules.find((candidate) => candidate.layer === layer && candidate.target === target);
    const first = ranks.slice(0, index).reduce((sum, rank) => sum + rank, 0);
    return module ? [{ module, first, index }] : [];
  });
}
