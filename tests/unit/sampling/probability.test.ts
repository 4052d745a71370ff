import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Softmax } from '#core/sampling/probability.ts';

const logits = fc
  .array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => Float32Array.from(values));

describe('Softmax', () => {
  it('gives probabilities that add up to 1 and keep the ratios of the logits', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const softmax = new Softmax(values);
        const all = [...values].map((_, id) => softmax.of(id));
        expect(all.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 12);
        for (const [id, probability] of all.entries())
          expect(Math.log(probability) - Math.log(all[0] ?? NaN)).toBeCloseTo(
            (values[id] ?? NaN) - (values[0] ?? NaN),
            8,
          );
      }),
    );
  });

  it('gives the likeliest but one, falling, the lowest id first among equals', () => {
    const softmax = new Softmax(Float32Array.of(1, 3, 2, 3, -Infinity));
    expect(softmax.mostProbable(3, 1).map(({ id }) => id)).toEqual([3, 2, 0]);
    expect(softmax.mostProbable(2, 4).map(({ id }) => id)).toEqual([1, 3]);
    expect(softmax.mostProbable(0, 1)).toEqual([]);
    const whole = softmax.mostProbable(9, 2);
    expect(whole.map(({ id }) => id)).toEqual([1, 3, 0, 4]);
    expect(whole.reduce((sum, { probability }) => sum + probability, softmax.of(2))).toBeCloseTo(1, 12);
    expect(softmax.of(4)).toBe(0);
  });

  it('does not overflow, and refuses what has no probability', () => {
    expect(new Softmax(Float32Array.of(3e38, 0)).of(0)).toBe(1);
    expect(() => new Softmax(Float32Array.of(1, NaN))).toThrow(RangeError);
    expect(() => new Softmax(Float32Array.of(Infinity, 0))).toThrow(RangeError);
    expect(() => new Softmax(Float32Array.of(1, 2)).of(2)).toThrow(/token 2/u);
    expect(() => new Softmax(Float32Array.of(1, 2)).of(-1)).toThrow(RangeError);
  });
});
