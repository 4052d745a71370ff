/** The vector of a training run as the modules of an adapter. */
import type { LoraModule } from '../adapter.ts';
import type { LoraLayout, LoraMatrix } from './parameters.ts';

/** Sorted by layer, then in the order of PROJECTIONS. The matrices are views of `parameters`, [LoraLayout.length]. */
export function modulesOf({ settings, matrices }: LoraLayout, parameters: Float32Array): LoraModule[] {
  const { rank, alpha } = settings;
  const valuesOf = ({ shape, offset }: LoraMatrix) => parameters.subarray(offset, offset + shape[0] * shape[1]);
  const halves = new Map(matrices.map((matrix) => [`${matrix.layer}.${matrix.target}.${matrix.part}`, matrix]));
  return matrices.flatMap((a) => {
    const { layer, target } = a;
    const b = halves.get(`${layer}.${target}.B`);
    if (a.part !== 'A' || !b) return [];
    const module = /^[qkvo]_/u.test(target) ? 'self_attn' : 'mlp';
    return {
      ...{ parameter: `model.layers.${layer}.${module}.${target}.weight`, layer, target, rank, scale: alpha / rank },
      ...{ inputs: a.shape[1], outputs: b.shape[0], a: valuesOf(a), b: valuesOf(b) },
    };
  });
}
