import { describe, expect, test } from 'vitest';
import { least, most, named, numeric, product, quotient, sum, symbolic, valueOf } from '#core/budget/expression.ts';
import { fitOf, waysToFit } from '#core/budget/fit.ts';
import { planInference, totalOf, type InferenceSettings } from '#core/budget/inference-plan.ts';
import { config27B, config4B } from '#core/budget/lora.ts';
import { MACHINES, usableBytes } from '#core/budget/machines.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';

describe('a formula', () => {
  const layers = named('layers', 34);
  const cache = product(layers, sum(2, named('heads', 4)), quotient(product(3, layers), 2));

  test('has the value that its numbers give', () => {
    expect(valueOf(cache)).toBe(34 * (2 + 4) * ((3 * 34) / 2));
    expect(symbolic(cache)).toBe('layers · (2 + heads) · (3 · layers) / 2');
    expect(numeric(cache, (value) => `<${value}>`)).toBe('<34> · (<2> + <4>) · (<3> · <34>) / <2>');
    expect(valueOf(least(layers, 5))).toBe(5);
    expect(valueOf(most(layers, 5))).toBe(34);
  });

  test('leaves out what changes nothing', () => {
    expect(symbolic(product(layers, 1))).toBe('layers');
    expect(symbolic(sum(0, layers))).toBe('layers');
    expect([valueOf(sum()), valueOf(product())]).toEqual([0, 1]);
  });
});

const settings: InferenceSettings = {
  storage: STORAGE_PRESETS.q4,
  addedTokens: 0,
  contextLength: 8192,
  images: 2,
  hasVision: true,
  keepVisionOnGpu: true,
};
const total = (of: InferenceSettings) => valueOf(totalOf(planInference(config4B, of)));

describe('what would make it fit', () => {
  test('nothing is asked of a plan that fits', () => {
    expect(waysToFit(config4B, settings, total(settings), true)).toEqual([]);
    expect(fitOf(total(settings), total(settings))).toBe('tight');
    expect(fitOf(total(settings), 2 * total(settings))).toBe('fits');
    expect(fitOf(total(settings), total(settings) - 1)).toBe('too-large');
  });

  test.each([4.3e9, 3.6e9, 3e9, 2.65e9])('every way into %d bytes fits, and takes less than before', (usable) => {
    const ways = waysToFit(config4B, settings, usable, true);
    expect(ways.length).toBeGreaterThan(0);
    for (const way of ways) {
      expect(way.bytes).toBeLessThanOrEqual(usable);
      expect(total(way.settings)).toBe(way.bytes);
    }
  });

  test('of several changes none is superfluous, and the context stays as long as it can', () => {
    const [way, ...others] = waysToFit(config4B, { ...settings, images: 1 }, 2.95e9, true);
    expect(others).toEqual([]);
    expect(way?.remedies).toEqual(['q4f16', 'text-only']);
    expect(way?.settings.contextLength).toBe(8192);
  });

  test('float16 is not offered to a device without it, nor vision to a model that has none', () => {
    const all = (config: typeof config4B, usable: number, hasHalf: boolean) =>
      waysToFit(config, settings, usable, hasHalf).flatMap(({ remedies }) => remedies);
    expect(all(config4B, 4.6e9, false)).not.toContain('q4f16');
    expect(all(config4B, 4.6e9, true)).toContain('q4f16');
    expect(all(config27B, 17.8e9, true)).not.toContain('text-only');
  });

  test('a shorter context keeps room for the images', () => {
    for (const { settings: changed } of waysToFit(config4B, { ...settings, images: 8 }, 4.2e9, true))
      expect(changed.contextLength).toBeGreaterThanOrEqual(changed.images * 256 + 256);
  });

  test('where nothing helps nothing is offered', () => {
    expect(waysToFit(config27B, settings, 8e9, true)).toEqual([]);
  });
});

test('machines: the A5000 has 24 GB, and what is shared is not all for the GPU', () => {
  const memory = new Map(MACHINES.map(({ name, memoryBytes }) => [name, memoryBytes / 2 ** 30]));
  expect(memory.get('RTX A5000')).toBe(24);
  expect(memory.get('RTX A6000')).toBe(48);
  for (const machine of MACHINES) expect(usableBytes(machine)).toBeLessThan(machine.memoryBytes);
});
