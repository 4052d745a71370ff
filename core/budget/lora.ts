/** Size of a LoRA adapter and memory to train one, computed from shapes alone. */
import { parseConfig, type Gemma3Config, type TextConfig } from '../gemma3/config.ts';
import { countParameters } from '../gemma3/parameters.ts';
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';

/** The attention projections, the usual targets of adapters. */
export const ATTENTION: readonly Projection[] = PROJECTIONS.slice(0, 4);

/** Projections that adapters are usually put on, to choose from. */
export const TARGETS = { qvo: ['q_proj', 'v_proj', 'o_proj'], qkvo: ATTENTION, all: PROJECTIONS } as const;
export type TargetChoice = keyof typeof TARGETS;

/** Columns (inputs) and rows (outputs) of W, for A [rank, inputs] and B [outputs, rank]. */
export function projectionSize(text: TextConfig, target: Projection): { inputs: number; outputs: number } {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headDim } = text;
  switch (target) {
    case 'q_proj':
      return { inputs: hiddenSize, outputs: heads * headDim };
    case 'k_proj':
    case 'v_proj':
      return { inputs: hiddenSize, outputs: keyValueHeads * headDim };
    // In Gemma 3, heads · headDim is smaller than the hidden size; in most models they are equal.
    case 'o_proj':
      return { inputs: heads * headDim, outputs: hiddenSize };
    case 'gate_proj':
    case 'up_proj':
      return { inputs: hiddenSize, outputs: intermediateSize };
    case 'down_proj':
      return { inputs: intermediateSize, outputs: hiddenSize };
  }
}

/** Parameters of A and B for one projection: rank · (inputs + outputs). */
function pairParameters(rank: number, { inputs, outputs }: { inputs: number; outputs: number }): number {
  return rank * (inputs + outputs);
}

/** Parameters of an adapter with one rank on these projections of every layer. */
export function loraParameters(text: TextConfig, targets: readonly Projection[], rank: number): number {
  const layer = targets.reduce((sum, target) => sum + pairParameters(rank, projectionSize(text, target)), 0);
  return text.layers * layer;
}

/** The commonly quoted number, which assumes that o_proj is [hidden, hidden]. */
export function quotedLoraParameters(text: TextConfig, targets: readonly Projection[], rank: number): number {
  const hidden = text.hiddenSize;
  const excess = targets.includes('o_proj')
    ? pairParameters(rank, { inputs: hidden, outputs: hidden }) - pairParameters(rank, projectionSize(text, 'o_proj'))
    : 0;
  return loraParameters(text, targets, rank) + text.layers * excess;
}

/**
 * Bits per weight in NF4 with double quantization: 4, plus an 8-bit scale per 64 weights, plus a 32-bit scale per 256 of
 * those (Dettmers et al. 2023, arXiv 2305.14314, section 3).
 */
export const NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256);

/** Trained in fp32 with Adam: weight, gradient, and two moments of 4 bytes each. */
export const BYTES_PER_TRAINED = 16;

const HALF = 2;

export interface TrainingSettings {
  rank: number;
  targets: readonly Projection[];
  /** Tokens in one training step, over the whole batch. */
  tokens: number;
  /** lora: frozen weights in 16 bits. qlora: the decoder's projections in NF4, all other weights in 16 bits. */
  method: 'lora' | 'qlora';
}

/** In bytes. */
export interface TrainingMemory {
  /** Frozen base weights. */
  weights: number;
  /** A and B, their gradients and Adam's moments. */
  adapter: number;
  /** The input of each layer, in 16 bits. The backward pass recomputes everything else (gradient checkpointing). */
  checkpoints: number;
  /** Activations of the layer that is being recomputed, in 16 bits. */
  layer: number;
  /** Logits and their gradient in fp32: tokens · vocabulary · 8. */
  logits: number;
  total: number;
}

/**
 * Memory to train an adapter with gradient checkpointing, without framework overhead and fragmentation. Activations of a
 * layer per token: its input and three normed states; q and k before and after norm and RoPE; v; the attention output; and in
 * the MLP gate, up, the activation and their product. Attention is assumed to be fused, without a stored score matrix.
 */
export function trainingMemory(config: Gemma3Config, settings: TrainingSettings): TrainingMemory {
  const { text } = config;
  const { tokens, targets, rank, method } = settings;
  const all = countParameters(config);
  const products = PROJECTIONS.reduce((sum, target) => {
    const { inputs, outputs } = projectionSize(text, target);
    return sum + text.layers * inputs * outputs;
  }, 0);
  const weights = method === 'lora' ? all * HALF : (all - products) * HALF + (products * NF4_BITS) / 8;
  const adapter = loraParameters(text, targets, rank) * BYTES_PER_TRAINED;
  const checkpoints = tokens * text.layers * text.hiddenSize * HALF;
  const heads = text.heads * text.headDim;
  const keys = text.keyValueHeads * text.headDim;
  const layer = tokens * HALF * (4 * text.hiddenSize + 3 * heads + 3 * keys + 4 * text.intermediateSize);
  const logits = tokens * text.vocabularySize * 8;
  return { weights, adapter, checkpoints, layer, logits, total: weights + adapter + checkpoints + layer + logits };
}

/** Gemma 3 4B and MedGemma 4B, as in their `config.json`. */
export const config4B: Gemma3Config = parseConfig({
  architectures: ['Gemma3ForConditionalGeneration'],
  text_config: { hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34, sliding_window: 1024 },
  vision_config: {
    hidden_size: 1152,
    intermediate_size: 4304,
    num_attention_heads: 16,
    num_hidden_layers: 27,
    image_size: 896,
    patch_size: 14,
  },
  mm_tokens_per_image: 256,
});

/** The text model of Gemma 3 27B and MedGemma 27B text. */
export const config27B: Gemma3Config = parseConfig({
  architectures: ['Gemma3ForCausalLM'],
  hidden_size: 5376,
  intermediate_size: 21504,
  num_hidden_layers: 62,
  num_attention_heads: 32,
  num_key_value_heads: 16,
  head_dim: 128,
  query_pre_attn_scalar: 168,
  sliding_window: 1024,
  vocab_size: 262_144,
});
