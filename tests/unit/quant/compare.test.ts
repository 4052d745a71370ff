import { expect, test } from 'vitest';
import { argmaxLogit, Distances, klDivergence } from '#core/quant/compare.ts';
import { Random } from '#core/sampling/random.ts';

const row = (...logits: number[]) => Float32Array.from(logits);

test('KL is what is computed by hand', () => {
  // P = (1/2, 1/2), Q = (3/4, 1/4): ½·ln(2/3) + ½·ln 2 = ½·ln(4/3).
  const other = row(Math.log(3), 0);
  expect(klDivergence(row(5, 5), other)).toBeCloseTo(0.5 * Math.log(4 / 3), 6);
  // The other way round: ¾·ln(3/2) + ¼·ln(1/2). KL has a direction.
  expect(klDivergence(other, row(5, 5))).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 6);
});

test('KL agrees with cross entropy less entropy, of probabilities in the open', () => {
  const random = Random.fromSeed(7);
  for (let repeat = 0; repeat < 50; repeat++) {
    const draw = () => Float32Array.from({ length: 40 }, () => 12 * random.uniform() - 6);
    const [reference, other] = [draw(), draw()];
    const [p, q] = [softmax(reference), softmax(other)];
    const cross = -p.reduce((sum, value, id) => sum + value * Math.log(q[id] ?? NaN), 0);
    const entropy = -p.reduce((sum, value) => sum + value * Math.log(value), 0);
    expect(klDivergence(reference, other)).toBeCloseTo(cross - entropy, 9);
  }
});

test('equal predictions are at no distance, also when all logits are shifted or huge', () => {
  const logits = row(1, -3, 0.5, 88, 200);
  expect(klDivergence(logits, logits)).toBe(0);
  expect(
    klDivergence(
      logits,
      logits.map((value) => value - 1000),
    ),
  ).toBeCloseTo(0, 4);
  expect(klDivergence(row(1000, -1000), row(0, 0))).toBeCloseTo(Math.LN2, 6);
});

test('what is no number does not pass for near; rows of two vocabularies are refused', () => {
  expect(klDivergence(row(0, NaN), row(0, 0))).toBeNaN();
  expect(klDivergence(row(0, 0), row(NaN, 0))).toBeNaN();
  expect(() => klDivergence(row(0, 0), row(0, 0, 0))).toThrow('rows of 2 and of 3 logits');
});

test('flips are counted against the likeliest token; of equals the first is taken', () => {
  expect(argmaxLogit(row(1, 3, 3, 2))).toBe(1);
  const distances = new Distances();
  expect(distances.total).toBeUndefined();
  distances.add(row(0, 0), row(Math.log(3), 0));
  distances.add(row(2, 1), row(1, 2));
  distances.add(row(2, 1), row(2, 1));
  const { tokens, kl, klMost, flips } = distances.total ?? expect.fail('no total');
  // The second: P and Q swapped, (p − (1 − p))·1 nat with p = e/(1 + e).
  const swapped = (2 * Math.E) / (1 + Math.E) - 1;
  expect([tokens, flips]).toEqual([3, 1]);
  expect(klMost).toBeCloseTo(swapped, 6);
  expect(kl).toBeCloseTo((0.5 * Math.log(4 / 3) + swapped) / 3, 6);
});

function softmax(logits: Float32Array): number[] {
  const exps = Array.from(logits, (value) => Math.exp(value));
  const sum = exps.reduce((total, value) => total + value, 0);
  return exps.map((value) => value / sum);
}
