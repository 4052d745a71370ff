/**
 * Every field of PEFT's LoraConfig (peft 0.3 to 0.21) and what we do with it. docs/adapters.md documents this table; a test keeps
 * the two in sync. A field that is not in the table is refused when it is set: it may change what the adapter computes.
 */

/**
 * computed: the update depends on it · checked: only values that give plain LoRA are accepted, any other is an error that names the
 * field · neutral: does not change what a trained adapter computes
 */
export type AdapterFieldTreatment = 'computed' | 'checked' | 'neutral';

export const ADAPTER_FIELDS: Readonly<Record<string, AdapterFieldTreatment>> = {
  peft_type: 'checked',
  task_type: 'checked',
  r: 'computed',
  lora_alpha: 'computed',
  use_rslora: 'computed',
  rank_pattern: 'computed',
  alpha_pattern: 'computed',
  target_modules: 'computed',
  exclude_modules: 'computed',
  layers_to_transform: 'computed',
  layers_pattern: 'computed',
  modules_to_save: 'computed',
  ensure_weight_tying: 'computed',
  bias: 'computed',
  base_model_name_or_path: 'computed',
  init_lora_weights: 'checked',
  fan_in_fan_out: 'checked',
  lora_bias: 'checked',
  use_dora: 'checked',
  use_qalora: 'checked',
  use_bdlora: 'checked',
  arrow_config: 'checked',
  kasa_config: 'checked',
  monteclora_config: 'checked',
  alora_invocation_tokens: 'checked',
  trainable_token_indices: 'checked',
  target_parameters: 'checked',
  layer_replication: 'checked',
  megatron_config: 'checked',
  enable_lora: 'checked',
  lora_dropout: 'neutral',
  inference_mode: 'neutral',
  auto_mapping: 'neutral',
  peft_version: 'neutral',
  revision: 'neutral',
  runtime_config: 'neutral',
  megatron_core: 'neutral',
  qalora_group_size: 'neutral',
  velora_config: 'neutral',
  loftq_config: 'neutral',
  eva_config: 'neutral',
  corda_config: 'neutral',
  lora_ga_config: 'neutral',
  merge_weights: 'neutral',
  lora_dtype: 'neutral',
  lorap_lr_ratio: 'neutral',
  lorap_emb_lr: 'neutral',
};

/** Fields that add to plain LoRA or replace it, and what they mean. Adapters that set them are refused. */
export const REFUSED: readonly (readonly [key: string, what: string])[] = [
  ['use_dora', 'DoRA'],
  ['lora_bias', 'biases in the adapter'],
  ['use_qalora', 'QA-LoRA'],
  ['use_bdlora', 'block-diagonal LoRA'],
  ['arrow_config', 'Arrow'],
  ['kasa_config', 'KaSA'],
  ['monteclora_config', 'MonteCLoRA'],
  ['alora_invocation_tokens', 'activated LoRA'],
  ['trainable_token_indices', 'trained rows of the embedding'],
  ['target_parameters', 'adapters on bare parameters'],
  ['layer_replication', 'repeated layers'],
  ['megatron_config', 'Megatron'],
  ['enable_lora', 'adapters on parts of fused projections'],
];

/** Initializations that leave the base weights as they are. */
export const PLAIN_INITS: readonly unknown[] = [true, false, 'gaussian', 'eva', 'orthogonal', 'mica'];

/** Initializations that change the base weights, so the adapter does not fit the original weights. */
export const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/iu;

/** Tasks with another output than Gemma 3's next token; PEFT saves a head for them. */
export const OTHER_TASKS: readonly unknown[] = ['SEQ_CLS', 'TOKEN_CLS', 'QUESTION_ANS', 'SEQ_2_SEQ_LM'];
