import { expect, it } from 'vitest';
import { ropeFrequencies } from '#core/gemma3/rope-frequency.ts';

const NEAREST = [0.930572040929699, 0.05232991146814947, 0.003924189758484536, 0.00010746078283213175];

it.each([
  [1e4, 128],
  [1e6, 128],
  [500000.5, 84],
  [1e6, 1],
])('theta %d, half %d: within two steps of a double of Math.pow, in whichever engine', (theta, half) => {
  const frequencies = ropeFrequencies(theta, half);
  expect(frequencies).toHaveLength(half);
  expect(frequencies[0]).toBe(1);
  for (const [i, value] of frequencies.entries()) {
    const expected = Math.pow(theta, -i / half);
    expect(Math.abs(value - expected) / expected).toBeLessThan(1e-15);
  }
});

it('gives the nearest doubles', () => {
  // Python: float(Decimal(10000) ** (Decimal(-i) / 128)) with 60 digits, for i = 1, 41, 77, 127.
  const frequencies = ropeFrequencies(1e4, 128);
  expect([1, 41, 77, 127].map((i) => frequencies[i])).toEqual(NEAREST);
});
