/** Shapes for random checkpoints, as the config.json that Hugging Face would write. */
import type { Json } from '#core/json.ts';
import { CommandError } from './errors.ts';

export type PresetName = 'tiny' | 'mid' | 'medgemma-4b' | 'medgemma-27b-text';

interface Shape {
  hidden: number;
  mlp: number;
  layers: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
  vocabulary: number;
  window: number;
  context: number;
  /** Default: headDim. */
  queryPreAttnScalar?: number;
  /** Undefined: text only. */
  vision?: VisionShape;
}

interface VisionShape {
  /** Ids of <start_of_image>, <end_of_image> and <image_soft_token>. */
  imageTokens: [number, number, number];
  hidden: number;
  mlp: number;
  layers: number;
  heads: number;
  image: number;
  tokens: number;
}

const SHAPES: Record<PresetName, Shape> = {
  tiny: {
    hidden: 160,
    mlp: 320,
    layers: 8,
    heads: 4,
    keyValueHeads: 2,
    headDim: 32,
    vocabulary: 512,
    window: 16,
    context: 512,
    vision: { imageTokens: [501, 502, 500], hidden: 64, mlp: 128, layers: 3, heads: 4, image: 112, tokens: 4 },
  },
  mid: {
    hidden: 512,
    mlp: 2048,
    layers: 12,
    heads: 8,
    keyValueHeads: 4,
    headDim: 128,
    vocabulary: 32768,
    window: 512,
    context: 8192,
    vision: { imageTokens: [32000, 32001, 32002], hidden: 256, mlp: 1024, layers: 6, heads: 4, image: 448, tokens: 64 },
  },
  // google/medgemma-4b-it
  'medgemma-4b': {
    hidden: 2560,
    mlp: 10240,
    layers: 34,
    heads: 8,
    keyValueHeads: 4,
    headDim: 256,
    vocabulary: 262208,
    window: 1024,
    context: 131072,
    vision: {
      imageTokens: [255999, 256000, 262144],
      hidden: 1152,
      mlp: 4304,
      layers: 27,
      heads: 16,
      image: 896,
      tokens: 256,
    },
  },
  // google/medgemma-27b-text-it
  'medgemma-27b-text': {
    hidden: 5376,
    mlp: 21504,
    layers: 62,
    heads: 32,
    keyValueHeads: 16,
    headDim: 128,
    vocabulary: 262144,
    window: 1024,
    context: 131072,
    queryPreAttnScalar: 168,
  },
};

export const PRESETS: readonly PresetName[] = ['tiny', 'mid', 'medgemma-4b', 'medgemma-27b-text'];

/** True for the shapes of published models, whose checkpoints come in several files and with Gemma 3's tokenizer. */
export function isPublished(name: PresetName): boolean {
  return name === 'medgemma-4b' || name === 'medgemma-27b-text';
}

/** @param layers of the decoder; default: those of the shape */
export function presetConfig(name: PresetName, layers?: number): Json {
  const shape = { ...SHAPES[name], ...(layers === undefined ? {} : { layers }) };
  const { vision } = shape;
  if (!vision) return textOnly({ eos_token_id: END_TOKENS, text_config: textConfig(shape) });
  const [boi, eoi, image] = vision.imageTokens;
  return {
    architectures: ['Gemma3ForConditionalGeneration'],
    model_type: 'gemma3',
    boi_token_index: boi,
    eoi_token_index: eoi,
    image_token_index: image,
    eos_token_id: END_TOKENS,
    initializer_range: 0.02,
    mm_tokens_per_image: vision.tokens,
    torch_dtype: 'bfloat16',
    text_config: textConfig(shape),
    vision_config: {
      model_type: 'siglip_vision_model',
      hidden_size: vision.hidden,
      intermediate_size: vision.mlp,
      num_hidden_layers: vision.layers,
      num_attention_heads: vision.heads,
      image_size: vision.image,
      patch_size: 14,
      num_channels: 3,
      layer_norm_eps: 1e-6,
      hidden_act: 'gelu_pytorch_tanh',
      attention_dropout: 0,
      vision_use_head: false,
    },
  };
}

/** <eos> and <end_of_turn>. */
const END_TOKENS = [1, 106];

/** The decoder alone, in the form of MedGemma 27B text. @throws CommandError where there is no text_config */
export function textOnly(config: Json): Json {
  const text = config['text_config'];
  if (typeof text !== 'object' || text === null)
    throw new CommandError('the config has no text_config; leave out --text-only, or name another --config');
  return { architectures: ['Gemma3ForCausalLM'], eos_token_id: config['eos_token_id'], ...text };
}

function textConfig(shape: Shape): Json {
  return {
    model_type: 'gemma3_text',
    hidden_size: shape.hidden,
    intermediate_size: shape.mlp,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    head_dim: shape.headDim,
    vocab_size: shape.vocabulary,
    sliding_window: shape.window,
    sliding_window_pattern: 6,
    rope_theta: 1_000_000,
    rope_local_base_freq: 10_000,
    rope_scaling: { factor: 8, rope_type: 'linear' },
    query_pre_attn_scalar: shape.queryPreAttnScalar ?? shape.headDim,
    rms_norm_eps: 1e-6,
    max_position_embeddings: shape.context,
    hidden_activation: 'gelu_pytorch_tanh',
    attention_bias: false,
    attention_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
    attn_logit_softcapping: null,
    final_logit_softcapping: null,
  };
}
