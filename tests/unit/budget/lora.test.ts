import { expect, test } from 'vitest';
import {
  ATTENTION,
  config27B,
  config4B,
  loraParameters,
  NF4_BITS,
  projectionSize,
  quotedLoraParameters,
  trainingMemory,
  type TrainingSettings,
} from '#core/budget/lora.ts';
import { countParameters, expectedParameters } from '#core/gemma3/parameters.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';

test.each([
  [8, 4_595_712, 17_395_712],
  [16, 9_191_424, 34_791_424],
  [32, 18_382_848, 69_582_848],
])('rank %i on q, k, v, o is quoted as %i for the 4B and %i for the 27B', (rank, of4B, of27B) => {
  expect(quotedLoraParameters(config4B.text, ATTENTION, rank)).toBe(of4B);
  expect(quotedLoraParameters(config27B.text, ATTENTION, rank)).toBe(of27B);
});

test('from the real shapes it is less: o_proj comes from the heads, which are narrower than the hidden state', () => {
  expect(ATTENTION).toEqual(['q_proj', 'k_proj', 'v_proj', 'o_proj']);
  expect(projectionSize(config4B.text, 'o_proj')).toEqual({ inputs: 2048, outputs: 2560 });
  expect(projectionSize(config27B.text, 'o_proj')).toEqual({ inputs: 4096, outputs: 5376 });
  expect(loraParameters(config4B.text, ATTENTION, 1)).toBe(34 * 16_384);
  expect(loraParameters(config27B.text, ATTENTION, 1)).toBe(62 * 33_792);
  expect(loraParameters(config4B.text, ATTENTION, 16)).toBe(8_912_896);
  expect(loraParameters(config27B.text, ATTENTION, 16)).toBe(33_521_664);
  const without = PROJECTIONS.filter((target) => target !== 'o_proj');
  expect(quotedLoraParameters(config4B.text, without, 8)).toBe(loraParameters(config4B.text, without, 8));
});

test.each([config4B, config27B])('sizes of products are those of the checkpoint', (config) => {
  const shapes = expectedParameters(config);
  for (const target of PROJECTIONS) {
    const part = ATTENTION.includes(target) ? 'self_attn' : 'mlp';
    const { inputs, outputs } = projectionSize(config.text, target);
    expect(shapes.get(`model.layers.3.${part}.${target}.weight`)).toEqual([outputs, inputs]);
  }
});

test('the 4B has as many parameters as its package says', () => {
  expect(countParameters(config4B)).toBe(4_300_079_472);
  expect(NF4_BITS).toBeCloseTo(4.127, 3);
});

const settings: TrainingSettings = { rank: 8, targets: ATTENTION, tokens: 1024, method: 'lora' };

test('training memory is the sum of its parts', () => {
  for (const method of ['lora', 'qlora'] as const) {
    const { total, ...parts } = trainingMemory(config4B, { ...settings, method });
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
  }
});

test('frozen weights take two bytes each; in NF4 the products of the decoder take 4.127 bits', () => {
  const products = 34 * (3 * 2560 * 10240 + 2 * 2560 * 2048 + 2 * 2560 * 1024);
  const [whole, few] = (['lora', 'qlora'] as const).map((method) => trainingMemory(config4B, { ...settings, method }));
  expect(whole?.weights).toBe(2 * 4_300_079_472);
  expect(few?.weights).toBeCloseTo(2 * (4_300_079_472 - products) + (products * (4 + 8 / 64 + 32 / 16_384)) / 8, 0);
  expect(whole?.adapter).toBe(16 * 34 * 8 * 16_384);
  expect(whole?.logits).toBe(1024 * 262_208 * 8);
  expect(few?.adapter).toBe(whole?.adapter);
});

test('what depends on the text grows with it, what does not stays', () => {
  const short = trainingMemory(config4B, settings);
  const long = trainingMemory(config4B, { ...settings, tokens: 2048 });
  expect([long.checkpoints, long.layer, long.logits]).toEqual(
    [short.checkpoints, short.layer, short.logits].map((bytes) => 2 * bytes),
  );
  expect([long.weights, long.adapter]).toEqual([short.weights, short.adapter]);
});
