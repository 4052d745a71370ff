/** Which models train in a tab, by their shapes. */
import { expect, it } from 'vitest';
import { WASM_BYTES } from '#core/budget/lora-in-page.ts';
import { pageTrainingBytes } from '#core/budget/page-training.ts';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { packageGraphs } from '#core/gemma3/package-graphs.ts';
import { trainingGraph } from '#core/gemma3/training-graph.ts';
import { planGraph } from '#core/gemma3/write-graph.ts';
import { loraLayout } from '#core/lora/training/parameters.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { initializerBytes } from '../../../workers/engine/model/weight-bytes.ts';
import { readJson } from '../../reference/json.ts';

/** A step of 24 rows with an image, in runs of 2,048 tokens, of which a quarter is answers. */
function bytesOf(config: Gemma3Config): number {
  const options = { dtype: 'q4', visionDtype: 'q8', blockSize: 32, positions: 4096 } as const;
  const [decoder, embedding, vision] = ['decoder_model_merged', 'embed_tokens', 'vision_encoder'].map(
    (name) =>
      packageGraphs(config, options)
        .map(planGraph)
        .find(({ graph }) => graph.name === name)?.graph.model,
  );
  if (!decoder || !embedding || !vision) throw new Error('not a model with images');
  const layout = loraLayout(config.text, { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'o_proj'] });
  const size = (withGradients: boolean) =>
    initializerBytes(trainingGraph(decoder, config.text, { layout, positions: 512, withGradients }));
  return pageTrainingBytes({
    config,
    weights: {
      ...{ training: size(true), measuring: size(false) },
      ...{ embedding: initializerBytes(embedding), vision: initializerBytes(vision) },
    },
    ...{ tokens: 2048, longest: 300, answers: 512 },
  });
}

it('the teaching model does, with room for ten of it', async () => {
  const config = parseConfig(await readJson('public/models/teaching-ko-fp16', 'config.json'));
  expect(bytesOf(config)).toBeLessThan(WASM_BYTES / 10);
});

it('MedGemma 4B does not', () => {
  const config = parseConfig(presetConfig('medgemma-4b'));
  const bytes = bytesOf(config);
  // Its packages have 2.7 GB; the decoder is there for loss and gradients, and for the loss alone.
  expect(bytes).toBeGreaterThan(2 * 2e9);
  expect(bytes).toBeGreaterThan(WASM_BYTES);
  // With what a step keeps, which docs/decisions/0029-training-a-lora.md says.
  expect(Math.round(bytes / 1e9)).toBe(27);
});
