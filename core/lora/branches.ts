/** Checks that the decoder's graph has a LoRA branch for each module of an adapter. */
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';
import type { LoraBranch } from '../onnx/patch/lora-branches.ts';
import type { Adapter } from './adapter.ts';
import { AdapterError } from './error.ts';

/** The projections that the adapters target, each once, in the order of PROJECTIONS. */
export function targetsOf(adapters: readonly Adapter[]): Projection[] {
  const found = new Set(adapters.flatMap(({ modules }) => modules.map(({ target }) => target)));
  return PROJECTIONS.filter((target) => found.has(target));
}

/**
 * @param file the decoder's graph, for the message
 * @throws AdapterError if a module of the adapter has no branch, or a branch of another size
 */
export function checkBranches({ modules }: Adapter, branches: readonly LoraBranch[], file: string): void {
  const places = new Map(branches.map((branch) => [`${branch.layer}.${branch.target}`, branch]));
  for (const { layer, target, parameter, inputs, outputs } of modules) {
    const branch = places.get(`${layer}.${target}`);
    if (!branch) throw new AdapterError(file, `the graph has no product of its own for ${parameter}`);
    if (branch.inputs === inputs && branch.outputs === outputs) continue;
    throw new AdapterError(
      file,
      `the product of ${parameter} is of [${branch.outputs}, ${branch.inputs}], the adapter is made for [${outputs}, ${inputs}]`,
    );
  }
}
