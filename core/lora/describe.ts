/** The figures of an adapter that the LoRA lab shows. */
import type { AdapterInfo, AdapterModule } from '../protocol/adapters.ts';
import type { Adapter, LoraModule } from './adapter.ts';
import { updateNorm, type LowRankSvd } from './svd.ts';

/** @param svd of the same module */
export function describeModule(module: LoraModule, svd: LowRankSvd): AdapterModule {
  const { layer, target, inputs, outputs, rank, scale } = module;
  return {
    ...{ layer, target, inputs, outputs, rank, scale },
    updateNorm: updateNorm(module),
    singularValues: [...svd.values],
  };
}

/** @param modules of the adapter, one after the other, through `describeModule` */
export function describeAdapter(
  name: string,
  { config, modules: read }: Adapter,
  modules: readonly AdapterModule[],
): AdapterInfo {
  const { rank, alpha, rankStabilized, baseModel } = config;
  const parameters = read.reduce((sum, { a, b }) => sum + a.length + b.length, 0);
  return { name, rank, alpha, rankStabilized, baseModel, parameters, modules };
}
