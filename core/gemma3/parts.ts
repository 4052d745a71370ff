/** Parts of the model that can be quantized with different settings. */
export const MODEL_PARTS = ['attention', 'mlp', 'head', 'vision'] as const;
export type ModelPart = (typeof MODEL_PARTS)[number];

/**
 * The part of the model that a parameter belongs to, by its canonical name. Norms and biases also belong to a part, although
 * quantization settings do not apply to them.
 */
export function partOf(parameter: string): ModelPart | undefined {
  if (parameter.startsWith('vision_tower.') || parameter.startsWith('multi_modal_projector.')) return 'vision';
  if (parameter === 'model.embed_tokens.weight' || parameter === 'lm_head.weight') return 'head';
  if (/^model\.layers\.\d+\.self_attn\./.test(parameter)) return 'attention';
  if (/^model\.layers\.\d+\.mlp\./.test(parameter)) return 'mlp';
  return undefined;
}
