/** The plan by the purposes that the engine counts. tests/browser/engine/webgpu.test.ts holds it to what is counted. */
import { expect, test } from 'vitest';
import { symbolic, valueOf } from '#core/budget/expression.ts';
import { planInference, totalOf } from '#core/budget/inference-plan.ts';
import { kvCacheBytes } from '#core/budget/kv-cache.ts';
import { ATTENTION, config4B, loraParameters } from '#core/budget/lora.ts';
import { planMemory } from '#core/budget/memory-plan.ts';
import { bufferBytes, decoderBuffers } from '#core/budget/runtime-buffers.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';

const settings = {
  ...{ storage: STORAGE_PRESETS.q4, addedTokens: 0, images: 1, hasVision: true, keepVisionOnGpu: true },
  contextLength: 4096,
};

test('the purposes add up to the planner’s total', () => {
  const { figures } = planMemory(config4B, settings);
  expect(figures.map(({ purpose }) => purpose)).toEqual(['weights', 'vision', 'kv', 'images', 'scratch']);
  expect(figures.map(({ how }) => how)).toEqual(['exact', 'exact', 'exact', 'estimate', 'estimate']);
  expect(valueOf(totalOf(figures))).toBeCloseTo(valueOf(totalOf(planInference(config4B, settings))), -1);
});

test('adapters: A and B of every branch, in the type of their product', () => {
  const bytesOf = (targets: typeof ATTENTION, storage: (typeof STORAGE_PRESETS)['q4' | 'q4f16']) => {
    const { figures } = planMemory(config4B, { ...settings, storage }, { targets, rank: 16 });
    return valueOf(totalOf(figures.filter(({ purpose }) => purpose === 'lora')));
  };
  const attention = loraParameters(config4B.text, ATTENTION, 16);
  const all = loraParameters(config4B.text, PROJECTIONS, 16);
  expect(bytesOf(ATTENTION, STORAGE_PRESETS.q4)).toBe(4 * attention);
  expect(bytesOf(PROJECTIONS, STORAGE_PRESETS.q4)).toBe(4 * all);
  // Blocks of the MLP are multiplied in float32.
  expect(bytesOf(PROJECTIONS, STORAGE_PRESETS.q4f16)).toBe(2 * attention + 4 * (all - attention));
});

test('a token adds its keys and values: in all layers, behind the window in the global ones', () => {
  const { all, global } = planMemory(config4B, settings).perToken;
  expect(valueOf(all)).toBe(34 * 2 * 4 * 256 * 4);
  expect(valueOf(global)).toBe(5 * 2 * 4 * 256 * 4);
  const grown = kvCacheBytes(config4B.text, 8192, 4) - kvCacheBytes(config4B.text, 4096, 4);
  expect(valueOf(global) * 4096).toBe(grown);
});

test('the runtime rounds up to its buckets, and beyond the last one to 16 bytes', () => {
  expect([1, 16, 17, 4096, 640 * 10_240, 4096 * 4304].map(bufferBytes)).toEqual([
    64, 64, 128, 16_384, 26_214_400, 134_217_728,
  ]);
  expect(bufferBytes(50_000_001)).toBe(200_000_016);
  const run = decoderBuffers(config4B.text, 640, undefined);
  expect(valueOf(run)).toBe(5 * 8_388_608 + 4 * 8_388_608 + 5 * 4_194_304 + 3 * 26_214_400);
  expect(symbolic(run)).toContain('5 · buffer(640 · hidden)');
});
