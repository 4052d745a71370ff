/** The numbers of an adapter that is trained, behind each other in one vector: the graph takes and gives one tensor instead of hundreds. */
import { projectionSize } from '../../budget/lora.ts';
import type { TextConfig } from '../../gemma3/config.ts';
import { PROJECTIONS, type Projection } from '../../gemma3/projections.ts';
import { Random } from '../../sampling/random.ts';

export interface LoraSettings {
  rank: number;
  /** The update is alpha / rank · BA. */
  alpha: number;
  targets: readonly Projection[];
}

/** A or B of one projection. */
export interface LoraMatrix {
  layer: number;
  target: Projection;
  part: 'A' | 'B';
  /** A is [rank, inputs], B is [outputs, rank], row-major, as PEFT stores them. */
  shape: readonly [rows: number, columns: number];
  /** Index of the first number in the vector. */
  offset: number;
}

export interface LoraLayout {
  settings: LoraSettings;
  matrices: readonly LoraMatrix[];
  /** Numbers in the vector. */
  length: number;
}

/** A and B cannot have this rank. */
export class RankError extends RangeError {
  constructor(
    readonly rank: number,
    /** The first projection that has less. */
    readonly target: Projection,
    readonly size: { inputs: number; outputs: number },
  ) {
    super(`rank ${rank} is more than ${target} has, which is ${size.outputs} × ${size.inputs}`);
    this.name = 'RankError';
  }
}

/** In the order of layers, projections, A before B. @throws RankError for a rank beyond a matrix; RangeError without a target */
export function loraLayout(config: TextConfig, settings: LoraSettings): LoraLayout {
  const { rank } = settings;
  if (settings.targets.length === 0)
    throw new RangeError(`no projection is named; choose from ${PROJECTIONS.join(', ')}`);
  const matrices: LoraMatrix[] = [];
  let length = 0;
  for (let layer = 0; layer < config.layers; layer++)
    for (const target of PROJECTIONS.filter((each) => settings.targets.includes(each))) {
      const size = projectionSize(config, target);
      const { inputs, outputs } = size;
      if (rank > Math.min(inputs, outputs)) throw new RankError(rank, target, size);
      for (const [part, shape] of [
        ['A', [rank, inputs]],
        ['B', [outputs, rank]],
      ] as const) {
        matrices.push({ layer, target, part, shape, offset: length });
        length += shape[0] * shape[1];
      }
    }
  return { settings, matrices, length };
}

/**
 * An adapter that changes nothing yet: B is zero, A uniform within 1/√inputs, which is PEFT's default (Kaiming with a = √5). The numbers are
 * not those of torch's generator.
 */
export function initialParameters({ matrices, length }: LoraLayout, seed: number): Float32Array<ArrayBuffer> {
  const random = Random.fromSeed(seed);
  const values = new Float32Array(length);
  for (const { part, shape, offset } of matrices) {
    if (part === 'B') continue;
    const bound = 1 / Math.sqrt(shape[1]);
    for (let i = 0; i < shape[0] * shape[1]; i++) values[offset + i] = bound * (2 * random.uniform() - 1);
  }
  return values;
}
