/** Names and shapes of the parameters of a Gemma 3 checkpoint. */
import type { Gemma3Config } from './config.ts';

/**
 * Maps both key styles, `language_model.model.…` (transformers < 4.52) and `model.language_model.…`, to canonical names:
 * `model.…` and `lm_head.weight` for the decoder, `vision_tower.vision_model.…`, `multi_modal_projector.…`.
 */
export function canonicalName(key: string): string {
  return key
    .replace(/^language_model\.lm_head\./, 'lm_head.')
    .replace(/^language_model\.model\./, 'model.')
    .replace(/^model\.language_model\./, 'model.')
    .replace(/^model\.(vision_tower|multi_modal_projector)\./, '$1.')
    .replace(/^vision_tower\.(?!vision_model\.)/, 'vision_tower.vision_model.');
}

/** Every parameter that the graphs need, by canonical name, with its shape in the checkpoint. */
export function expectedParameters(config: Gemma3Config): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const { text, vision } = config;
  const queries = text.heads * text.headDim;
  const keys = text.keyValueHeads * text.headDim;
  shapes.set('model.embed_tokens.weight', [text.vocabularySize, text.hiddenSize]);
  for (let layer = 0; layer < text.layers; layer++) {
    const set = (name: string, ...shape: number[]) => shapes.set(`model.layers.${layer}.${name}.weight`, shape);
    set('input_layernorm', text.hiddenSize);
    set('self_attn.q_proj', queries, text.hiddenSize);
    set('self_attn.k_proj', keys, text.hiddenSize);
    set('self_attn.v_proj', keys, text.hiddenSize);
    set('self_attn.q_norm', text.headDim);
    set('self_attn.k_norm', text.headDim);
    set('self_attn.o_proj', text.hiddenSize, queries);
    set('post_attention_layernorm', text.hiddenSize);
    set('pre_feedforward_layernorm', text.hiddenSize);
    set('mlp.gate_proj', text.intermediateSize, text.hiddenSize);
    set('mlp.up_proj', text.intermediateSize, text.hiddenSize);
    set('mlp.down_proj', text.hiddenSize, text.intermediateSize);
    set('post_feedforward_layernorm', text.hiddenSize);
  }
  shapes.set('model.norm.weight', [text.hiddenSize]);
  if (!text.tiedEmbedding) shapes.set('lm_head.weight', [text.vocabularySize, text.hiddenSize]);
  if (!vision) return shapes;

  const tower = 'vision_tower.vision_model';
  const width = vision.hiddenSize;
  const patches = Math.floor(vision.imageSize / vision.patchSize) ** 2;
  const affine = (name: string, rows: number, columns: number) => {
    shapes.set(`${name}.weight`, [rows, columns]);
    shapes.set(`${name}.bias`, [rows]);
  };
  const norm = (name: string) => {
    shapes.set(`${name}.weight`, [width]);
    shapes.set(`${name}.bias`, [width]);
  };
  shapes.set(`${tower}.embeddings.patch_embedding.weight`, [
    width,
    vision.channels,
    vision.patchSize,
    vision.patchSize,
  ]);
  shapes.set(`${tower}.embeddings.patch_embedding.bias`, [width]);
  shapes.set(`${tower}.embeddings.position_embedding.weight`, [patches, width]);
  for (let layer = 0; layer < vision.layers; layer++) {
    const prefix = `${tower}.encoder.layers.${layer}`;
    norm(`${prefix}.layer_norm1`);
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) affine(`${prefix}.self_attn.${name}`, width, width);
    norm(`${prefix}.layer_norm2`);
    affine(`${prefix}.mlp.fc1`, vision.intermediateSize, width);
    affine(`${prefix}.mlp.fc2`, width, vision.intermediateSize);
  }
  norm(`${tower}.post_layernorm`);
  shapes.set('multi_modal_projector.mm_soft_emb_norm.weight', [width]);
  // Stored untransposed, for features · W.
  shapes.set('multi_modal_projector.mm_input_projection_weight', [width, text.hiddenSize]);
  return shapes;
}

/** Number of parameters, the tied head counted once. */
export function countParameters(config: Gemma3Config): number {
  let count = 0;
  for (const shape of expectedParameters(config).values()) count += shape.reduce((product, size) => product * size, 1);
  return count;
}
