/**
 * Every field of Gemma 3's config.json in transformers 4 and 5 (Gemma3Config, Gemma3TextConfig, SiglipVisionConfig and what
 * PreTrainedConfig adds), and how we treat it. docs/config-fields.md documents this table; a test keeps the two in sync.
 */
import { isJsonObject, type Json } from '../json.ts';

/**
 * computed: the graphs depend on it · checked: only Gemma 3's value is accepted, any other is an error that names the field ·
 * tokenizer: used to build prompts or to end answers · neutral: does not change logits at inference
 */
export type Treatment = 'computed' | 'checked' | 'tokenizer' | 'neutral';

type Fields = Readonly<Record<string, Treatment>>;

/** Fields that PreTrainedConfig writes into every part. */
const COMMON: Fields = {
  model_type: 'computed',
  architectures: 'computed',
  quantization_config: 'checked',
  compression_config: 'checked',
  quantization: 'checked',
  tie_word_embeddings: 'computed',
  bos_token_id: 'tokenizer',
  eos_token_id: 'tokenizer',
  pad_token_id: 'tokenizer',
  initializer_range: 'computed',
  torch_dtype: 'neutral',
  dtype: 'neutral',
  transformers_version: 'neutral',
  _name_or_path: 'neutral',
  _attn_implementation_autoset: 'neutral',
  attn_implementation: 'neutral',
  use_cache: 'neutral',
  return_dict: 'neutral',
  output_attentions: 'neutral',
  output_hidden_states: 'neutral',
  is_encoder_decoder: 'neutral',
  chunk_size_feed_forward: 'neutral',
  id2label: 'neutral',
  label2id: 'neutral',
  problem_type: 'neutral',
  cache_implementation: 'neutral',
  unsloth_fixed: 'neutral',
  unsloth_version: 'neutral',
};

export const TEXT_FIELDS: Fields = {
  ...COMMON,
  vocab_size: 'computed',
  hidden_size: 'computed',
  intermediate_size: 'computed',
  num_hidden_layers: 'computed',
  num_attention_heads: 'computed',
  num_key_value_heads: 'computed',
  head_dim: 'computed',
  query_pre_attn_scalar: 'computed',
  rms_norm_eps: 'computed',
  max_position_embeddings: 'computed',
  sliding_window: 'computed',
  sliding_window_pattern: 'computed',
  _sliding_window_pattern: 'neutral',
  layer_types: 'computed',
  rope_theta: 'computed',
  rope_local_base_freq: 'computed',
  rope_scaling: 'computed',
  rope_parameters: 'computed',
  hidden_activation: 'checked',
  attention_bias: 'checked',
  attn_logit_softcapping: 'checked',
  final_logit_softcapping: 'checked',
  use_bidirectional_attention: 'checked',
  attention_dropout: 'neutral',
};

export const VISION_FIELDS: Fields = {
  ...COMMON,
  hidden_size: 'computed',
  intermediate_size: 'computed',
  num_hidden_layers: 'computed',
  num_attention_heads: 'computed',
  num_channels: 'computed',
  image_size: 'computed',
  patch_size: 'computed',
  layer_norm_eps: 'computed',
  hidden_act: 'checked',
  attention_dropout: 'neutral',
  vision_use_head: 'neutral',
};

export const ROOT_FIELDS: Fields = {
  ...COMMON,
  text_config: 'computed',
  vision_config: 'computed',
  mm_tokens_per_image: 'computed',
  image_token_index: 'computed',
  image_token_id: 'computed',
  boi_token_index: 'tokenizer',
  boi_token_id: 'tokenizer',
  eoi_token_index: 'tokenizer',
  eoi_token_id: 'tokenizer',
  'transformers.js_config': 'neutral',
};

/** Fields of a config.json that Gemma 3 does not have, with their part: `text_config.x`. Callers report them. */
export function unknownFields(json: Json): string[] {
  const text = json['text_config'];
  const vision = json['vision_config'];
  const unknown = (part: Json, fields: Fields, prefix: string) =>
    Object.keys(part)
      .filter((key) => !Object.hasOwn(fields, key) && part[key] !== null)
      .map((key) => prefix + key);
  if (!isJsonObject(text)) return unknown(json, TEXT_FIELDS, '');
  return [
    ...unknown(json, ROOT_FIELDS, ''),
    ...unknown(text, TEXT_FIELDS, 'text_config.'),
    ...(isJsonObject(vision) ? unknown(vision, VISION_FIELDS, 'vision_config.') : []),
  ];
}
