/** The config.json of a shape: only what `parseConfig` reads, so short enough for a link. */
import type { Json } from '../json.ts';
import type { Gemma3Config } from './config.ts';

/** `parseConfig` gives the same config for it. */
export function shapeJson({ architecture, text, vision }: Gemma3Config): Json {
  const { isLocal } = text;
  const pattern = isLocal.indexOf(false) + 1 || isLocal.length + 1;
  const isRegular = isLocal.every((local, layer) => local === ((layer + 1) % pattern !== 0));
  const textConfig: Json = {
    hidden_size: text.hiddenSize,
    intermediate_size: text.intermediateSize,
    num_hidden_layers: text.layers,
    num_attention_heads: text.heads,
    num_key_value_heads: text.keyValueHeads,
    head_dim: text.headDim,
    vocab_size: text.vocabularySize,
    sliding_window: text.slidingWindow,
    ...(isRegular
      ? { sliding_window_pattern: pattern }
      : { layer_types: isLocal.map((local) => (local ? 'sliding_attention' : 'full_attention')) }),
    rope_theta: text.ropeTheta,
    rope_local_base_freq: text.ropeLocalTheta,
    ...(text.ropeFactor === 1 ? {} : { rope_scaling: { rope_type: 'linear', factor: text.ropeFactor } }),
    query_pre_attn_scalar: text.queryPreAttnScalar,
    rms_norm_eps: text.rmsNormEps,
    max_position_embeddings: text.maxPositions,
    tie_word_embeddings: text.tiedEmbedding,
  };
  if (!vision) return { architectures: [architecture], ...textConfig };
  return {
    architectures: [architecture],
    tie_word_embeddings: text.tiedEmbedding,
    text_config: textConfig,
    vision_config: {
      hidden_size: vision.hiddenSize,
      intermediate_size: vision.intermediateSize,
      num_hidden_layers: vision.layers,
      num_attention_heads: vision.heads,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      num_channels: vision.channels,
      layer_norm_eps: vision.layerNormEps,
    },
    mm_tokens_per_image: vision.tokensPerImage,
    image_token_index: vision.imageToken,
  };
}
