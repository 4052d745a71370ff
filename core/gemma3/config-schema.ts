/** What fields of Gemma 3's `config.json` may hold, and their defaults: those of Hugging Face's classes. */
import * as v from 'valibot';
import { isJsonObject, type Json } from '../json.ts';
import { flag, list, object, positive, whole } from '../schema/schema.ts';
import { LIMITS } from './limits.ts';

/** Hugging Face writes null for unset fields. */
const count = (most: number, fallback: number) => v.nullish(whole(1, most), fallback);
const number = (fallback: number) => v.nullish(positive(), fallback);
/** Features of which Gemma 3 has only one form; parseText and parseVision reject other forms by name. */
const form = v.nullish(v.unknown());

const scalingEntries = { rope_type: form, type: form, factor: v.optional(v.unknown()) };
export const factorSchema = object({ factor: positive() });
const scalingSchema = object({ ...scalingEntries, rope_theta: v.nullish(positive()) });

export const ropeSchema = object({
  rope_parameters: object({ full_attention: v.nullish(scalingSchema), sliding_attention: v.nullish(scalingSchema) }),
});

export const textSchema = object({
  hidden_activation: form,
  attn_logit_softcapping: form,
  final_logit_softcapping: form,
  attention_bias: v.nullish(flag()),
  use_bidirectional_attention: form,
  tie_word_embeddings: v.nullish(flag()),
  hidden_size: count(LIMITS.hiddenSize, 2304),
  intermediate_size: count(LIMITS.intermediateSize, 9216),
  num_hidden_layers: count(LIMITS.layers, 26),
  num_attention_heads: count(LIMITS.heads, 8),
  num_key_value_heads: count(LIMITS.heads, 4),
  head_dim: count(LIMITS.headDim, 256),
  vocab_size: count(LIMITS.vocabularySize, 262208),
  sliding_window: v.optional(v.nullable(whole(1, LIMITS.positions)), 4096),
  query_pre_attn_scalar: number(256),
  rms_norm_eps: number(1e-6),
  max_position_embeddings: count(LIMITS.positions, 131072),
  layer_types: v.nullish(list(v.unknown(), LIMITS.layers)),
  sliding_window_pattern: count(LIMITS.layers, 6),
  rope_theta: number(1_000_000),
  rope_local_base_freq: number(10_000),
  rope_scaling: v.nullish(scalingSchema),
  rope_parameters: v.nullish(v.custom<Json>(isJsonObject, 'an object')),
});

const visionSchema = object({
  hidden_act: form,
  hidden_size: count(LIMITS.hiddenSize, 768),
  intermediate_size: count(LIMITS.intermediateSize, 3072),
  num_hidden_layers: count(LIMITS.layers, 12),
  num_attention_heads: count(LIMITS.heads, 12),
  image_size: count(LIMITS.imageSize, 224),
  patch_size: count(LIMITS.imageSize, 16),
  num_channels: count(LIMITS.channels, 3),
  layer_norm_eps: number(1e-6),
});

export const rootSchema = object({
  architectures: v.nullish(list(v.unknown(), 100)),
  model_type: v.nullish(v.unknown()),
});
/** A Gemma3ForCausalLM may keep the config of the multimodal model that it was extracted from. */
export const nestedTextSchema = object({ text_config: textSchema });

export const modelSchema = object({
  tie_word_embeddings: v.nullish(flag()),
  text_config: textSchema,
  vision_config: visionSchema,
  mm_tokens_per_image: count(LIMITS.tokensPerImage, 256),
  image_token_index: v.nullish(whole(1, LIMITS.vocabularySize)),
  image_token_id: v.nullish(whole(1, LIMITS.vocabularySize)),
});

export type TextJson = v.InferOutput<typeof textSchema>;
export type VisionJson = v.InferOutput<typeof visionSchema>;
export type ModelJson = v.InferOutput<typeof modelSchema>;
export type ScalingJson = v.InferOutput<typeof scalingSchema>;
