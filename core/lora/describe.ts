/** The figures of an adapter for the LoRA lab. */
import type { Projection } from '../gemma3/projections.ts';
import type { Adapter, LoraModule } from './adapter.ts';
import { updateNorm, type LowRankSvd } from './svd.ts';

/** A loaded adapter that fits the open model. All figures are those of its files, before `truncateTo`. */
export interface AdapterInfo {
  name: string;
  rank: number;
  alpha: number;
  rankStabilized: boolean;
  /** `base_model_name_or_path` of its config. */
  baseModel: string | undefined;
  /** Number of parameters of A and B in the file. */
  parameters: number;
  /** Sorted by layer, then in the order of PROJECTIONS. */
  modules: readonly AdapterModule[];
  /** Modules that the configuration names, but the file has no pair for: their number, and the first. */
  missing: { count: number; first: string } | undefined;
}

export interface AdapterModule {
  layer: number;
  target: Projection;
  /** Columns and rows of W. */
  inputs: number;
  outputs: number;
  rank: number;
  scale: number;
  /** Frobenius norm ‖s·BA‖. */
  updateNorm: number;
  /** Singular values of s·BA, largest first, as many as the rank. */
  singularValues: readonly number[];
}

/** @param svd SVD of the same module */
export function describeModule(module: LoraModule, svd: LowRankSvd): AdapterModule {
  const { layer, target, inputs, outputs, rank, scale } = module;
  return {
    ...{ layer, target, inputs, outputs, rank, scale },
    updateNorm: updateNorm(module),
    singularValues: [...svd.values],
  };
}

/** @param modules the adapter's modules in order, from `describeModule` */
export function describeAdapter(
  name: string,
  { config, modules: read, missing: names }: Adapter,
  modules: readonly AdapterModule[],
): AdapterInfo {
  const { rank, alpha, rankStabilized, baseModel } = config;
  const parameters = read.reduce((sum, { a, b }) => sum + a.length + b.length, 0);
  const [first] = names;
  const missing = first === undefined ? undefined : { count: names.length, first };
  return { name, rank, alpha, rankStabilized, baseModel, parameters, modules, missing };
}
