/** Parses Gemma 3's `config.json` from Hugging Face: validates it and fills in defaults. */
import type * as v from 'valibot';
import { isJsonObject } from '../json.ts';
import { check, fieldKeys, isMissing, shown } from '../schema/schema.ts';
import {
  factorSchema,
  modelSchema,
  nestedTextSchema,
  rootSchema,
  ropeSchema,
  textSchema,
  type ModelJson,
  type ScalingJson,
  type TextJson,
  type VisionJson,
} from './config-schema.ts';
import { LIMITS } from './limits.ts';

/** A typical config.json has a few kilobytes. */
export const MAX_CONFIG_BYTES = 1_000_000;

export interface Gemma3Config {
  architecture: 'Gemma3ForConditionalGeneration' | 'Gemma3ForCausalLM';
  text: TextConfig;
  vision: VisionConfig | undefined;
}

export interface TextConfig {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
  vocabularySize: number;
  slidingWindow: number;
  /** Per layer: true for local layers, which have a sliding window. */
  isLocal: boolean[];
  ropeTheta: number;
  ropeLocalTheta: number;
  /** Linear scaling of the global layers' positions; 1 means no scaling. */
  ropeFactor: number;
  /** Scores are multiplied by queryPreAttnScalar ** -0.5. */
  queryPreAttnScalar: number;
  rmsNormEps: number;
  maxPositions: number;
  tiedEmbedding: boolean;
}

export interface VisionConfig {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  imageSize: number;
  patchSize: number;
  channels: number;
  layerNormEps: number;
  /** Image tokens after pooling. */
  tokensPerImage: number;
  imageToken: number;
}

export class ConfigError extends Error {
  constructor(message: string) {
    super(`config.json: ${message}`);
    this.name = 'ConfigError';
  }
}

/**
 * Defaults are those of Hugging Face's Gemma3TextConfig and Gemma3Config, which omit default values from `config.json`.
 * @throws ConfigError if the file does not describe a Gemma 3, needs a feature that the graphs lack, or has sizes beyond
 *   `LIMITS`
 */
export function parseConfig(json: unknown): Gemma3Config {
  const architecture = architectureOf(checked(rootSchema, json));
  if (architecture === 'Gemma3ForCausalLM') {
    // If there is a nested text_config, transformers reads only that, tie_word_embeddings included.
    const isNested = isJsonObject(json) && json['text_config'] != null;
    const text = isNested ? checked(nestedTextSchema, json).text_config : checked(textSchema, json);
    return { architecture, text: parseText(text, text.tie_word_embeddings), vision: undefined };
  }
  const model = checked(modelSchema, json);
  const tied = model.tie_word_embeddings ?? model.text_config.tie_word_embeddings;
  return {
    architecture,
    text: parseText(model.text_config, tied),
    vision: parseVision(model.vision_config, model, model.text_config.vocab_size),
  };
}

/** `model_type` to architecture, as AutoModelForImageTextToText and AutoModelForCausalLM of transformers map it. */
const ARCHITECTURES = new Map<unknown, Gemma3Config['architecture']>([
  ['gemma3', 'Gemma3ForConditionalGeneration'],
  ['gemma3_text', 'Gemma3ForCausalLM'],
]);

function architectureOf({ architectures, model_type: type }: v.InferOutput<typeof rootSchema>) {
  const named = architectures?.[0];
  if (named === undefined && type != null) {
    const known = ARCHITECTURES.get(type);
    if (known) return known;
    throw new ConfigError(
      `"architectures" is missing and model_type ${shown(type)} is not supported; expected ${[...ARCHITECTURES.keys()].join(' or ')}`,
    );
  }
  if (named === 'Gemma3ForCausalLM' || named === 'Gemma3ForConditionalGeneration') return named;
  throw new ConfigError(
    `architecture ${shown(named ?? null)} is not supported; expected Gemma3ForConditionalGeneration or Gemma3ForCausalLM`,
  );
}

function checked<Schema extends v.GenericSchema>(schema: Schema, json: unknown): v.InferOutput<Schema> {
  return check(schema, json, (_, issue) => {
    const keys = fieldKeys(issue);
    const [name] = keys.splice(-1);
    if (name === undefined) return new ConfigError('not a JSON object');
    const where = keys.length > 0 ? ` (in ${keys.join('.')})` : '';
    if (isMissing(issue)) return new ConfigError(`"${name}" is missing${where}`);
    if (issue.message === 'an object') return new ConfigError(`"${name}" is missing or not an object${where}`);
    return new ConfigError(`"${name}" is ${shown(issue.input)}, expected ${issue.message}${where}`);
  });
}

function parseText(text: TextJson, tied: boolean | null | undefined): TextConfig {
  const activation = text.hidden_activation ?? 'gelu_pytorch_tanh';
  if (activation !== 'gelu_pytorch_tanh')
    throw new ConfigError(`hidden_activation ${shown(activation)} is not supported`);
  for (const key of ['attn_logit_softcapping', 'final_logit_softcapping'] as const)
    if (text[key] != null) throw new ConfigError(`${key} is set; Gemma 3 has none`);
  // EmbeddingGemma is such an encoder: its tokens also attend to later ones, so it cannot generate token by token.
  if (text.use_bidirectional_attention != null && text.use_bidirectional_attention !== false)
    throw new ConfigError(
      'use_bidirectional_attention is set: this is an encoder (for embeddings), and the graphs of this exporter attend causally',
    );
  if (text.attention_bias === true) throw new ConfigError('attention_bias is set; Gemma 3 has none');
  const [heads, keyValueHeads] = [text.num_attention_heads, text.num_key_value_heads];
  if (heads % keyValueHeads !== 0)
    throw new ConfigError(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${keyValueHeads}`);
  if (text.head_dim % 2 !== 0)
    throw new ConfigError(`head_dim is ${text.head_dim}, and RoPE turns pairs of values: it has to be even`);
  const isLocal = localLayers(text);
  if (text.sliding_window === null && isLocal.includes(true))
    throw new ConfigError(
      'sliding_window is null, but some layers are sliding_attention; set the window that the model was trained with',
    );
  return {
    hiddenSize: text.hidden_size,
    intermediateSize: text.intermediate_size,
    layers: text.num_hidden_layers,
    heads,
    keyValueHeads,
    headDim: text.head_dim,
    vocabularySize: text.vocab_size,
    slidingWindow: text.sliding_window ?? LIMITS.positions,
    isLocal,
    ...rope(text),
    queryPreAttnScalar: text.query_pre_attn_scalar,
    rmsNormEps: text.rms_norm_eps,
    maxPositions: text.max_position_embeddings,
    tiedEmbedding: tied ?? true,
  };
}

/** From `layer_types` if set; otherwise every `sliding_window_pattern`-th layer is global (Gemma 3 report, section 2). */
function localLayers(text: TextJson): boolean[] {
  const { num_hidden_layers: layers, layer_types: types } = text;
  if (types) {
    if (types.length !== layers) throw new ConfigError(`layer_types has ${types.length} entries for ${layers} layers`);
    return types.map((type) => {
      if (type === 'sliding_attention') return true;
      if (type === 'full_attention') return false;
      throw new ConfigError(`layer type ${shown(type)} is not supported`);
    });
  }
  return Array.from({ length: layers }, (_, layer) => (layer + 1) % text.sliding_window_pattern !== 0);
}

/**
 * transformers 4 has rope_theta, rope_local_base_freq and rope_scaling; transformers 5 one rope_parameters per layer type.
 * If both are set, they are merged like Gemma3TextConfig.convert_rope_params_to_dict of transformers 5 does:
 * rope_scaling updates full_attention (its rope_theta too), and the top-level thetas fill in what rope_parameters leaves out.
 */
function rope(text: TextJson): Pick<TextConfig, 'ropeTheta' | 'ropeLocalTheta' | 'ropeFactor'> {
  const parameters = text.rope_parameters ?? {};
  const unknown = Object.keys(parameters).find((key) => key !== 'full_attention' && key !== 'sliding_attention');
  if (unknown !== undefined)
    throw new ConfigError(
      `rope_parameters has "${unknown}"; expected "full_attention" and "sliding_attention", each with its own parameters`,
    );
  const { rope_parameters: ofType } = checked(ropeSchema, { rope_parameters: parameters });
  const { full_attention: global, sliding_attention: local } = ofType;
  const merged: ScalingJson = { ...global, ...text.rope_scaling };
  if (local && ropeFactor(local) !== 1) throw new ConfigError('scaled RoPE in sliding_attention is not supported');
  return {
    ropeTheta: merged.rope_theta ?? text.rope_theta,
    ropeLocalTheta: local?.rope_theta ?? text.rope_local_base_freq,
    ropeFactor: ropeFactor(merged),
  };
}

function ropeFactor(scaling: ScalingJson): number {
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  if (type === 'default') return 1;
  if (type === 'linear') return checked(factorSchema, scaling).factor;
  throw new ConfigError(`RoPE scaling ${shown(type)} is not supported`);
}

function parseVision(vision: VisionJson, model: ModelJson, vocabularySize: number): VisionConfig {
  const activation = vision.hidden_act ?? 'gelu_pytorch_tanh';
  if (activation !== 'gelu_pytorch_tanh')
    throw new ConfigError(`vision hidden_act ${shown(activation)} is not supported`);
  const config: VisionConfig = {
    hiddenSize: vision.hidden_size,
    intermediateSize: vision.intermediate_size,
    layers: vision.num_hidden_layers,
    heads: vision.num_attention_heads,
    imageSize: vision.image_size,
    patchSize: vision.patch_size,
    channels: vision.num_channels,
    layerNormEps: vision.layer_norm_eps,
    tokensPerImage: model.mm_tokens_per_image,
    // Where both names are written, transformers sets image_token_id last.
    imageToken: model.image_token_id ?? model.image_token_index ?? 262144,
  };
  if (config.imageToken >= vocabularySize)
    throw new ConfigError(
      `${model.image_token_id == null ? 'image_token_index' : 'image_token_id'} is ${config.imageToken}, but the vocabulary has ${vocabularySize} rows (vocab_size): its tokens are numbered from 0 to ${vocabularySize - 1}`,
    );
  if (config.hiddenSize % config.heads !== 0)
    throw new ConfigError(
      `hidden_size ${config.hiddenSize} of vision_config is not a multiple of num_attention_heads ${config.heads}`,
    );
  const patches = Math.floor(config.imageSize / config.patchSize);
  const side = Math.sqrt(config.tokensPerImage);
  if (patches > LIMITS.patches)
    throw new ConfigError(`${patches} × ${patches} patches; the limit is ${LIMITS.patches} per side`);
  if (!Number.isInteger(side) || patches === 0 || patches % side !== 0)
    throw new ConfigError(
      `${config.tokensPerImage} tokens an image cannot be pooled from ${patches} × ${patches} patches`,
    );
  return config;
}
