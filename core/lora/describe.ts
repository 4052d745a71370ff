/** The figures of an adapter that the LoRA lab shows. */
import type { Projection } from '../gemma3/projections.ts';
import type { Adapter, LoraModule } from './adapter.ts';
import { updateNorm, type LowRankSvd } from './svd.ts';

/** An adapter that was read and fits the open model: as its files have it, whatever `truncateTo` makes of it. */
export interface AdapterInfo {
  name: string;
  rank: number;
  alpha: number;
  rankStabilized: boolean;
  /** What it says it was trained on. */
  baseModel: string | undefined;
  /** Parameters of A and B, by the shapes in the file. */
  parameters: number;
  /** By layer, in a layer in the order of PROJECTIONS. */
  modules: readonly AdapterModule[];
}

export interface AdapterModule {
  layer: number;
  target: Projection;
  /** Columns and rows of W. */
  inputs: number;
  outputs: number;
  rank: number;
  scale: number;
  /** ‖s·BA‖, Frobenius. */
  updateNorm: number;
  /** Of s·BA, largest first, as many as the rank. */
  singularValues: readonly number[];
}

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
