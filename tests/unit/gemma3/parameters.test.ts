/** Names, shapes and number of parameters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { canonicalName, countParameters, expectedParameters } from '#core/gemma3/parameters.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { presetConfig, textOnly } from '../../../cli/shared/presets.ts';
import { fileSource, fixture } from '../../reference/node.ts';

const config = parseConfig(JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8')));
const layer = 'encoder.layers.3.mlp.fc1.bias';

describe('canonicalName', () => {
  test.each([
    // key in files of transformers < 4.52, in later ones, canonical
    [
      'language_model.model.layers.3.mlp.up_proj.weight',
      'model.language_model.layers.3.mlp.up_proj.weight',
      'model.layers.3.mlp.up_proj.weight',
    ],
    [
      'language_model.model.embed_tokens.weight',
      'model.language_model.embed_tokens.weight',
      'model.embed_tokens.weight',
    ],
    ['language_model.model.norm.weight', 'model.language_model.norm.weight', 'model.norm.weight'],
    ['language_model.lm_head.weight', 'lm_head.weight', 'lm_head.weight'],
    [
      `vision_tower.vision_model.${layer}`,
      `model.vision_tower.vision_model.${layer}`,
      `vision_tower.vision_model.${layer}`,
    ],
    // transformers 5 leaves out the level in between.
    [`vision_tower.${layer}`, `model.vision_tower.${layer}`, `vision_tower.vision_model.${layer}`],
    [
      'multi_modal_projector.mm_soft_emb_norm.weight',
      'model.multi_modal_projector.mm_soft_emb_norm.weight',
      'multi_modal_projector.mm_soft_emb_norm.weight',
    ],
  ])('%s and %s', (old, renewed, canonical) => {
    expect(canonicalName(old)).toBe(canonical);
    expect(canonicalName(renewed)).toBe(canonical);
    expect(canonicalName(canonical)).toBe(canonical);
  });

  test('leaves the keys of a text-only checkpoint', () => {
    for (const name of expectedParameters(parseConfig(textOnly(presetConfig('tiny')))).keys())
      expect(canonicalName(name)).toBe(name);
  });
});

test("MedGemma 4B's shape has as many parameters as Hugging Face's Gemma3ForConditionalGeneration", () => {
  // transformers 5.18: sum of numel over parameters() of the model made from this config on the meta device, 883 tensors.
  const config = parseConfig(presetConfig('medgemma-4b'));
  expect(countParameters(config)).toBe(4_300_079_472);
  expect(expectedParameters(config).size).toBe(883);
});

describe('expectedParameters', () => {
  let stored: Map<string, number[]>;
  beforeAll(async () => {
    const { tensors } = await readHeader(fileSource(join(fixture, 'checkpoint/model.safetensors')));
    stored = new Map([...tensors.values()].map(({ name, shape }) => [canonicalName(name), [...shape]]));
  });

  test("are the fixture's, by name and shape, and no others", () => {
    expect(Object.fromEntries(expectedParameters(config))).toEqual(Object.fromEntries(stored));
  });

  test('count what the file holds', () => {
    const sizes = [...stored.values()].map((shape) => shape.reduce((product, size) => product * size, 1));
    expect(countParameters(config)).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  test('have a head of their own only where it is not tied', () => {
    const untied = { ...config, text: { ...config.text, tiedEmbedding: false } };
    expect(expectedParameters(config).has('lm_head.weight')).toBe(false);
    expect(expectedParameters(untied).get('lm_head.weight')).toEqual([512, 160]);
    expect(countParameters(untied) - countParameters(config)).toBe(512 * 160);
  });

  test('of a text-only model are the decoder', () => {
    const text = expectedParameters({ architecture: 'Gemma3ForCausalLM', text: config.text, vision: undefined });
    expect([...text.keys()]).toEqual(
      [...expectedParameters(config).keys()].filter((name) => name.startsWith('model.')),
    );
  });
});
