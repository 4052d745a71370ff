/** What the planner says that a package takes on a device, from its configuration and its manifest. */
import { planMemory, type MemoryPlan, type PlannedBranches } from '#core/budget/memory-plan.ts';
import { storageOf } from '#core/budget/package-fit.ts';
import type { OpenOptions } from '#core/protocol/engine.ts';
import type { Backend } from './backend.ts';
import type { ModelPackage } from './package.ts';
import { chooseVariant } from './variant.ts';

/**
 * @param branches undefined where no adapter is applied
 * @returns undefined on the CPU, and for a dtype whose bytes are not known
 * @throws FailureError `file-missing` if the package has no such variant
 */
export function memoryPlan(
  pack: ModelPackage,
  backend: Pick<Backend, 'gpu'>,
  options: Pick<OpenOptions, 'contextLength' | 'keepVisionOnGpu' | 'variant'>,
  branches?: PlannedBranches,
): MemoryPlan | undefined {
  if (!backend.gpu) return undefined;
  const { config, decoder, vision } = chooseVariant(pack, backend, options.variant).pack;
  const storage = storageOf(config, {
    ...{ decoder: decoder.dtype, vision: vision?.dtype },
    // Tell the width of stored scales, which are widened on a GPU.
    decoderBytes: undefined,
  });
  if (!storage) return undefined;
  const settings = {
    ...{ storage, addedTokens: 0, images: 1, hasVision: vision !== undefined },
    contextLength: Math.min(options.contextLength, config.text.maxPositions),
    keepVisionOnGpu: options.keepVisionOnGpu ?? true,
    isFused: backend.gpu.device.features.has('subgroups'),
  };
  return planMemory(config, settings, branches);
}
