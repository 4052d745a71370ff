import { expect, it } from 'vitest';
import { config27B, config4B } from '#core/budget/lora.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';
import { memoryBreakEven, timeChange, vocabularyCost } from '#core/budget/vocabulary-cost.ts';

const ADDED = 16_384;

it('counts the rows of new tokens in a 4B by hand', () => {
  const cost = vocabularyCost(config4B, STORAGE_PRESETS.q4f16, ADDED, 0);
  // 63 of the new rows take the place of padding: 262,145 to 262,207.
  const numbers = (ADDED - 63) * 2560;
  expect(cost.parameters).toBe(ADDED * 2560);
  // 4 bits and a scale per 32 numbers: float16 in the file, float32 beside the head on the GPU.
  expect(cost.fileBytes).toBe(numbers * (1 / 2 + 2 / 32));
  expect(cost.gpuBytes).toBe(numbers * (1 / 2 + 4 / 32));
  // 5 global layers, key and value of 4 heads of 256 in float16.
  expect(cost.kvBytesPerToken).toBe(5 * 2 * 4 * 256 * 2);
});

it('puts the break-even where time and memory are the same with and without the rows', () => {
  for (const config of [config4B, config27B]) {
    const cost = vocabularyCost(config, STORAGE_PRESETS.q4f16, ADDED, 1000);
    expect(timeChange(cost, cost.timeBreakEven)).toBeCloseTo(0, 12);
    expect(timeChange(cost, cost.timeBreakEven + 0.01)).toBeLessThan(0);
    const tokens = memoryBreakEven(cost, 0.25) ?? 0;
    expect(tokens * 0.25 * cost.kvBytesPerToken).toBeCloseTo(cost.gpuBytes, 3);
    expect(memoryBreakEven(cost, 0)).toBeUndefined();
  }
});

it('weighs less in the larger model', () => {
  const shares = [config4B, config27B].map(
    (config) => vocabularyCost(config, STORAGE_PRESETS.q4f16, ADDED, 0).timeBreakEven,
  );
  // Rows grow with the width, the layers with its square and their number.
  expect(shares[0]).toBeGreaterThan(0.008);
  expect(shares[0]).toBeLessThan(0.013);
  expect(shares[1]).toBeLessThan((shares[0] ?? 0) / 2);
});
