import type { ModelInfo } from '#core/protocol/engine.ts';

/** Why a speed measured with this model is not that of MedGemma 4B; undefined where it may be. */
export function speedCaution({ randomWeights, teaches }: Pick<ModelInfo, 'randomWeights' | 'teaches'>) {
  if (randomWeights) return 'tokenizer.cost.speed.random';
  return teaches ? 'tokenizer.cost.speed.teaching' : undefined;
}
