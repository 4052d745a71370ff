/** Gemma 3 configuration as Hugging Face writes it (`config.json`), checked and completed. */

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
  /** Per layer: local layers slide. */
  isLocal: boolean[];
  ropeTheta: number;
  ropeLocalTheta: number;
  /** Linear scaling of the global layers' positions; 1 is none. */
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

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(parent: Json, key: string): Json {
  const value = parent[key];
  if (!isObject(value)) throw new ConfigError(`"${key}" is missing or not an object`);
  return value;
}

function number(parent: Json, key: string, fallback?: number): number {
  const value = parent[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    throw new ConfigError(`"${key}" is ${JSON.stringify(parent[key])}, expected a positive number`);
  return value;
}

function integer(parent: Json, key: string, fallback?: number): number {
  const value = number(parent, key, fallback);
  if (!Number.isInteger(value)) throw new ConfigError(`"${key}" is ${value}, expected a whole number`);
  return value;
}

/**
 * Defaults are those of Hugging Face's Gemma3TextConfig and Gemma3Config, which leaves out of `config.json` what equals them.
 * @throws ConfigError when the file describes no Gemma 3, or one with a feature that the graphs do not have
 */
export function parseConfig(json: unknown): Gemma3Config {
  if (!isObject(json)) throw new ConfigError('not a JSON object');
  const architecture = architectureOf(json);
  if (architecture === 'Gemma3ForCausalLM') {
    // The text part of a multimodal config: transformers reads text_config alone, tying included.
    const text = isObject(json['text_config']) ? json['text_config'] : json;
    return { architecture, text: parseText(text, text), vision: undefined };
  }
  return {
    architecture,
    text: parseText(object(json, 'text_config'), json),
    vision: parseVision(object(json, 'vision_config'), json),
  };
}

/** `model_type` to architecture, as AutoModelForImageTextToText and AutoModelForCausalLM of transformers map it. */
const ARCHITECTURES: Readonly<Record<string, Gemma3Config['architecture']>> = {
  gemma3: 'Gemma3ForConditionalGeneration',
  gemma3_text: 'Gemma3ForCausalLM',
};

function architectureOf(json: Json): Gemma3Config['architecture'] {
  const named: unknown = Array.isArray(json['architectures']) ? json['architectures'][0] : undefined;
  const type = json['model_type'];
  if (named === undefined && typeof type === 'string') {
    const known = Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type] : undefined;
    if (known) return known;
    throw new ConfigError(
      `"architectures" is missing and model_type ${JSON.stringify(type)} is not supported; expected ${Object.keys(ARCHITECTURES).join(' or ')}`,
    );
  }
  if (named === 'Gemma3ForCausalLM' || named === 'Gemma3ForConditionalGeneration') return named;
  throw new ConfigError(
    `architecture ${JSON.stringify(named ?? null)} is not supported; expected Gemma3ForConditionalGeneration or Gemma3ForCausalLM`,
  );
}

function parseText(text: Json, root: Json): TextConfig {
  const activation = text['hidden_activation'] ?? 'gelu_pytorch_tanh';
  if (activation !== 'gelu_pytorch_tanh')
    throw new ConfigError(`hidden_activation ${JSON.stringify(activation)} is not supported`);
  for (const key of ['attn_logit_softcapping', 'final_logit_softcapping'])
    if (text[key] != null) throw new ConfigError(`${key} is set; Gemma 3 has none`);
  // EmbeddingGemma is such an encoder: every token attends to later ones, so that nothing can be generated token by token.
  if (text['use_bidirectional_attention'] != null && text['use_bidirectional_attention'] !== false)
    throw new ConfigError(
      'use_bidirectional_attention is set: this is an encoder (for embeddings), and the graphs of this exporter attend causally',
    );
  if (text['attention_bias'] === true) throw new ConfigError('attention_bias is set; Gemma 3 has none');
  const layers = integer(text, 'num_hidden_layers', 26);
  const config: TextConfig = {
    hiddenSize: integer(text, 'hidden_size', 2304),
    intermediateSize: integer(text, 'intermediate_size', 9216),
    layers,
    heads: integer(text, 'num_attention_heads', 8),
    keyValueHeads: integer(text, 'num_key_value_heads', 4),
    headDim: integer(text, 'head_dim', 256),
    vocabularySize: integer(text, 'vocab_size', 262208),
    slidingWindow: integer(text, 'sliding_window', 4096),
    isLocal: localLayers(text, layers),
    ...rope(text),
    queryPreAttnScalar: number(text, 'query_pre_attn_scalar', 256),
    rmsNormEps: number(text, 'rms_norm_eps', 1e-6),
    maxPositions: integer(text, 'max_position_embeddings', 131072),
    tiedEmbedding: (root['tie_word_embeddings'] ?? text['tie_word_embeddings'] ?? true) === true,
  };
  if (config.heads % config.keyValueHeads !== 0)
    throw new ConfigError(
      `num_attention_heads ${config.heads} is not a multiple of num_key_value_heads ${config.keyValueHeads}`,
    );
  return config;
}

/** Either `layer_types` spells it out or every `sliding_window_pattern`-th layer is global (Gemma 3 report, section 2). */
function localLayers(text: Json, layers: number): boolean[] {
  const types: unknown = text['layer_types'];
  if (Array.isArray(types)) {
    if (types.length !== layers) throw new ConfigError(`layer_types has ${types.length} entries for ${layers} layers`);
    return types.map((type: unknown) => {
      if (type === 'sliding_attention') return true;
      if (type === 'full_attention') return false;
      throw new ConfigError(`layer type ${JSON.stringify(type)} is not supported`);
    });
  }
  const pattern = integer(text, 'sliding_window_pattern', integer(text, '_sliding_window_pattern', 6));
  return Array.from({ length: layers }, (_, layer) => (layer + 1) % pattern !== 0);
}

/**
 * transformers 4 has rope_theta, rope_local_base_freq and rope_scaling; transformers 5 one rope_parameters per layer type.
 * Where both are set they are merged as Gemma3TextConfig.convert_rope_params_to_dict of transformers 5 merges them:
 * rope_scaling updates full_attention, and the top-level thetas fill in what rope_parameters leaves out.
 */
function rope(text: Json): Pick<TextConfig, 'ropeTheta' | 'ropeLocalTheta' | 'ropeFactor'> {
  const parameters = text['rope_parameters'] ?? {};
  if (!isObject(parameters)) throw new ConfigError('"rope_parameters" is not an object');
  for (const key of Object.keys(parameters))
    if (key !== 'full_attention' && key !== 'sliding_attention')
      throw new ConfigError(
        `rope_parameters has "${key}"; expected "full_attention" and "sliding_attention", each with its own parameters`,
      );
  const ofLayer = (type: 'full_attention' | 'sliding_attention') =>
    parameters[type] == null ? {} : object(parameters, type);
  const scaling = text['rope_scaling'] == null ? {} : object(text, 'rope_scaling');
  const full = { ...ofLayer('full_attention'), ...scaling };
  const sliding = ofLayer('sliding_attention');
  if (ropeFactor(sliding) !== 1) throw new ConfigError('scaled RoPE in sliding_attention is not supported');
  return {
    ropeTheta: number(full, 'rope_theta', number(text, 'rope_theta', 1_000_000)),
    ropeLocalTheta: number(sliding, 'rope_theta', number(text, 'rope_local_base_freq', 10_000)),
    ropeFactor: ropeFactor(full),
  };
}

function ropeFactor(scaling: Json): number {
  const type = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  if (type === 'default') return 1;
  if (type === 'linear') return number(scaling, 'factor');
  throw new ConfigError(`RoPE scaling ${JSON.stringify(type)} is not supported`);
}

function parseVision(vision: Json, root: Json): VisionConfig {
  const activation = vision['hidden_act'] ?? 'gelu_pytorch_tanh';
  if (activation !== 'gelu_pytorch_tanh')
    throw new ConfigError(`vision hidden_act ${JSON.stringify(activation)} is not supported`);
  const config: VisionConfig = {
    hiddenSize: integer(vision, 'hidden_size', 768),
    intermediateSize: integer(vision, 'intermediate_size', 3072),
    layers: integer(vision, 'num_hidden_layers', 12),
    heads: integer(vision, 'num_attention_heads', 12),
    imageSize: integer(vision, 'image_size', 224),
    patchSize: integer(vision, 'patch_size', 16),
    channels: integer(vision, 'num_channels', 3),
    layerNormEps: number(vision, 'layer_norm_eps', 1e-6),
    tokensPerImage: integer(root, 'mm_tokens_per_image', 256),
    imageToken: integer(root, 'image_token_index', integer(root, 'image_token_id', 262144)),
  };
  const patches = Math.floor(config.imageSize / config.patchSize);
  const side = Math.sqrt(config.tokensPerImage);
  if (!Number.isInteger(side) || patches % side !== 0)
    throw new ConfigError(
      `${config.tokensPerImage} tokens an image cannot be pooled from ${patches} × ${patches} patches`,
    );
  return config;
}
