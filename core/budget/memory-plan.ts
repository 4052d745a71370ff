/** What the planner says of a GPU's buffers, by the purposes that the engine counts. */
import type { Gemma3Config, TextConfig } from '../gemma3/config.ts';
import type { Projection } from '../gemma3/projections.ts';
import { named, product, sum, type Expression } from './expression.ts';
import { GPU_PURPOSES, type GpuPurpose } from './gpu-purpose.ts';
import { planInference, type InferencePurpose, type InferenceSettings, type PlannedFigure } from './inference-plan.ts';
import { kvPerToken } from './kv-cache.ts';
import { textNames } from './model-weights.ts';
import { FLOAT_BYTES, isBlocks, type ModelStorage } from './storage.ts';

export interface MemoryPlan {
  /** In the order of GPU_PURPOSES; what does not occur is left out. */
  figures: readonly PlannedFigure<GpuPurpose>[];
  /** Bytes that a token takes in the KV cache: in all layers, and in those that keep every position. */
  perToken: { all: Expression; global: Expression };
}

/** LoRA branches of a decoder: every layer has one for each target, of the rank of all adapters together. */
export interface PlannedBranches {
  targets: readonly Projection[];
  rank: number;
}

const COUNTED_AS: Readonly<Record<InferencePurpose, GpuPurpose>> = {
  attention: 'weights',
  mlp: 'weights',
  embedding: 'weights',
  head: 'weights',
  norms: 'weights',
  vision: 'vision',
  kv: 'kv',
  images: 'images',
  scratch: 'scratch',
  logits: 'scratch',
};

/** @param branches undefined where no adapter is applied */
export function planMemory(config: Gemma3Config, settings: InferenceSettings, branches?: PlannedBranches): MemoryPlan {
  const planned = planInference(config, settings);
  const bytes = FLOAT_BYTES[settings.storage.compute];
  const lora: PlannedFigure<GpuPurpose>[] = branches
    ? [{ purpose: 'lora', bytes: branchBytes(config.text, settings.storage, branches), how: 'exact' }]
    : [];
  const figures = GPU_PURPOSES.flatMap((purpose): PlannedFigure<GpuPurpose>[] => {
    const parts = planned.filter((figure) => COUNTED_AS[figure.purpose] === purpose);
    if (parts.length === 0) return lora.filter((figure) => figure.purpose === purpose);
    const how = parts.every((part) => part.how === 'exact') ? 'exact' : 'estimate';
    return [{ purpose, bytes: sum(...parts.map((part) => part.bytes)), how }];
  });
  return { figures, perToken: kvPerToken(config.text, bytes) };
}

/** A [inputs, rank] and B [rank, outputs] of each branch, in the type that its product is multiplied in. */
function branchBytes(
  text: TextConfig,
  { formats, compute }: ModelStorage,
  { targets, rank }: PlannedBranches,
): Expression {
  const { layers, hidden, mlp, heads, kvHeads, headDim } = textNames(text);
  const queries = product(heads, headDim);
  const keys = product(kvHeads, headDim);
  const columnsAndRows: Readonly<Record<Projection, Expression>> = {
    q_proj: sum(hidden, queries),
    k_proj: sum(hidden, keys),
    v_proj: sum(hidden, keys),
    o_proj: sum(queries, hidden),
    gate_proj: sum(hidden, mlp),
    up_proj: sum(hidden, mlp),
    down_proj: sum(mlp, hidden),
  };
  const inMlp: readonly Projection[] = ['gate_proj', 'up_proj', 'down_proj'];
  // Blocks of the MLP are multiplied in float32 (textWeights).
  const bytesOf = (target: Projection) =>
    FLOAT_BYTES[inMlp.includes(target) && isBlocks(formats.mlp) ? 'fp32' : compute];
  const sizes = targets.map((target) => product(columnsAndRows[target], bytesOf(target)));
  return product(layers, named('rank', rank), sum(...sizes));
}
