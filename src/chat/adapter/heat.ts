/** What the heat map shows of an adapter: one cell a layer and module. */
import type { AdapterInfo, AdapterModule } from '#core/lora/describe.ts';
import { PROJECTIONS, type Projection } from '#core/gemma3/projections.ts';

export interface HeatCell {
  module: AdapterModule;
  /** ‖s·BA‖ of the applied adapter: from the singular values that are kept. */
  update: number;
  /** `update` divided by ‖W‖; undefined if ‖W‖ is not known. */
  share: number | undefined;
}

/** Name of the weight that a module adapts, as in `core/gemma3/parameters.ts`. */
export function parameterOf({ layer, target }: Pick<AdapterModule, 'layer' | 'target'>): string {
  const isAttention = PROJECTIONS.indexOf(target) < PROJECTIONS.indexOf('gate_proj');
  return `model.layers.${layer}.${isAttention ? 'self_attn' : 'mlp'}.${target}.weight`;
}

/** @param rank the rank that the adapter is truncated to; undefined: full rank */
export function heatCells(
  { modules }: Pick<AdapterInfo, 'modules'>,
  rank: number | undefined,
  norms: ReadonlyMap<string, number>,
): HeatCell[] {
  return modules.map((module) => {
    const update = keptNorm(module, rank);
    const norm = norms.get(parameterOf(module));
    return { module, update, share: norm !== undefined && norm > 0 ? update / norm : undefined };
  });
}

/** What a cell is coloured by. @param relative ‖s·BA‖ / ‖W‖, else ‖s·BA‖ */
export function heatOf({ share, update }: HeatCell, relative: boolean): number {
  return relative ? (share ?? 0) : update;
}

/** The cell with the largest change. */
export function strongestOf(cells: readonly HeatCell[]): HeatCell | undefined {
  const weight = ({ share, update }: HeatCell) => share ?? update;
  return cells.reduce<HeatCell | undefined>(
    (most, cell) => (most && weight(most) >= weight(cell) ? most : cell),
    undefined,
  );
}

/** Frobenius norm of the best approximation of this rank: the root of the sum of squares of the kept singular values. */
function keptNorm({ singularValues, updateNorm }: AdapterModule, rank: number | undefined): number {
  if (rank === undefined || rank >= singularValues.length) return updateNorm;
  return Math.hypot(...singularValues.slice(0, rank));
}

/** Parameters of A and B of all modules at a rank, from their shapes. */
export function parametersAt({ modules }: Pick<AdapterInfo, 'modules'>, rank: number | undefined): number {
  return modules.reduce(
    (sum, module) => sum + Math.min(module.rank, rank ?? Infinity) * (module.inputs + module.outputs),
    0,
  );
}

/** The projections that the adapter changes, in their order within a layer. */
export function targetsOf({ modules }: Pick<AdapterInfo, 'modules'>): Projection[] {
  return PROJECTIONS.filter((target) => modules.some((module) => module.target === target));
}
