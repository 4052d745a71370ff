import { describe, expect, it } from 'vitest';
import { Random, splitMix64 } from '#core/sampling/random.ts';

describe('Random', () => {
  it("is xoshiro128** 1.1, by its authors' program from the state {1, 2, 3, 4}", () => {
    const random = Random.fromState([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, () => random.uint32())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('is seeded by SplitMix64, by the values Apache Commons RNG tests with', () => {
    const next = splitMix64(0x1a2b3c4d5e6f7531n);
    expect([next(), next(), next(), next()]).toEqual([
      0x4141302768c9e9d0n,
      0x64df48c4eab51b1an,
      0x4e723b53dbd901b3n,
      0xead8394409dd6454n,
    ]);
  });

  it('takes any integer as seed', () => {
    const first = [0, 1, -1, Number.MAX_SAFE_INTEGER].map((seed) => Random.fromSeed(seed).uint32());
    expect(new Set(first).size).toBe(4);
    expect(() => Random.fromSeed(NaN)).toThrow(RangeError);
  });

  it('is uniform in [0, 1)', () => {
    const random = Random.fromSeed(3);
    let sum = 0;
    for (let i = 0; i < 10_000; i++) {
      const u = random.uniform();
      expect(u >= 0 && u < 1).toBe(true);
      sum += u;
    }
    // Five standard deviations of the mean.
    expect(Math.abs(sum / 10_000 - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 10_000));
  });
});
