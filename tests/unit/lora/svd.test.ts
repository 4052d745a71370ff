/** Singular values of BA, truncation and merging, held against BA written out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LoraModule } from '#core/lora/adapter.ts';
import { addLora } from '#core/lora/merge.ts';
import { lowRankSvd, truncate, updateNorm } from '#core/lora/svd.ts';
import { Random } from '#core/sampling/random.ts';

interface Shape {
  inputs: number;
  outputs: number;
  rank: number;
  /** Rank that BA really has. */
  independent: number;
  seed: number;
}

function module({ inputs, outputs, rank, independent, seed }: Shape): LoraModule {
  const random = Random.fromSeed(seed);
  const draw = (size: number) => Float32Array.from({ length: size }, () => random.uniform() * 2 - 1);
  const a = draw(rank * inputs);
  // Rows beyond those that are independent repeat the first.
  for (let row = independent; row < rank; row++) a.set(a.subarray(0, inputs), row * inputs);
  const names = { parameter: 'model.layers.0.self_attn.q_proj.weight', layer: 0, target: 'q_proj' as const };
  return { ...names, inputs, outputs, rank, scale: 0.5, a, b: draw(outputs * rank) };
}

const written = (of: LoraModule) => {
  const sum = new Float32Array(of.inputs * of.outputs);
  addLora(sum, of);
  return sum;
};
const norm = (values: Iterable<number>) => Math.hypot(...values);

const shapes = fc
  .record({
    inputs: fc.integer({ min: 6, max: 24 }),
    outputs: fc.integer({ min: 6, max: 24 }),
    rank: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(),
  })
  .chain((shape) => fc.integer({ min: 1, max: shape.rank }).map((independent) => ({ ...shape, independent })));

describe('lowRankSvd', () => {
  it('gives back s · BA, from orthonormal vectors, values falling', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const of = module(shape);
        const { values, left, right } = lowRankSvd(of);
        const whole = written(of);
        let worst = 0;
        for (let row = 0; row < of.outputs; row++) {
          for (let column = 0; column < of.inputs; column++) {
            let sum = 0;
            for (let n = 0; n < of.rank; n++) {
              sum += (values[n] ?? NaN) * (left[row * of.rank + n] ?? NaN) * (right[n * of.inputs + column] ?? NaN);
            }
            worst = Math.max(worst, Math.abs(sum - (whole[row * of.inputs + column] ?? NaN)));
          }
        }
        expect(worst).toBeLessThan(1e-5);
        expect([...values]).toEqual([...values].sort((x, y) => y - x));
        expect(values.filter((value) => value > 1e-5)).toHaveLength(shape.independent);
        expect(updateNorm(of)).toBeCloseTo(norm(whole), 4);
        expect(norm(values)).toBeCloseTo(norm(whole), 4);
      }),
      { numRuns: 60 },
    );
  });
});

describe('truncate', () => {
  it('leaves out the smallest values and nothing else (Eckart and Young)', () => {
    const of = module({ inputs: 20, outputs: 12, rank: 5, independent: 5, seed: 3 });
    const { values } = lowRankSvd(of);
    const whole = written(of);
    for (let rank = 1; rank < 5; rank++) {
      const part = truncate(of, rank);
      expect([part.a.length, part.b.length]).toEqual([rank * 20, 12 * rank]);
      const rest = written(part).map((value, i) => value - (whole[i] ?? NaN));
      expect(norm(rest)).toBeCloseTo(norm(values.slice(rank)), 4);
    }
    expect(truncate(of, 5)).toBe(of);
    expect(() => truncate(of, 0)).toThrow(RangeError);
  });
});

describe('addLora', () => {
  it('adds to any whole rows, with a strength', () => {
    const of = module({ inputs: 8, outputs: 6, rank: 2, independent: 2, seed: 9 });
    const whole = written(of);
    const rows = new Float32Array(2 * 8).fill(1);
    addLora(rows, of, -2, 3);
    expect(Math.max(...rows.map((value, i) => Math.abs(value - 1 + 2 * (whole[3 * 8 + i] ?? NaN))))).toBeLessThan(1e-6);
    const untouched = Float32Array.of(...rows);
    addLora(untouched, of, 0, 3);
    expect(untouched).toEqual(rows);
    expect(() => addLora(new Float32Array(9), of)).toThrow(RangeError);
    expect(() => addLora(rows, of, 1, 5)).toThrow(RangeError);
  });
});
