import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distribution, draw } from '#core/sampling/distribution.ts';
import { createSampler, penalizeRepetition } from '#core/sampling/sampler.ts';
import { argmax, topK } from '#core/sampling/top-k.ts';
import type { Sampling } from '#core/sampling/sampling.ts';

const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };
const none: ReadonlySet<number> = new Set();

/** Few distinct values make ties common. */
const logitsOf = (options: { minLength: number; maxLength: number }) =>
  fc
    .oneof(
      fc.array(fc.integer({ min: -4, max: 4 }), options),
      fc.array(fc.double({ min: -30, max: 30, noNaN: true }), options),
    )
    .map((values) => Float32Array.from(values));

/** A full sort, and the definitions written out. */
function naive(logits: Float32Array, temperature: number, k: number, p: number) {
  let ranked = Array.from(logits, (logit, id) => ({ id, logit })).sort((a, b) => b.logit - a.logit || a.id - b.id);
  if (k > 0) ranked = ranked.slice(0, k);
  const largest = ranked[0]?.logit ?? NaN;
  const weights = ranked.map(({ logit }) => Math.exp((logit - largest) / temperature));
  const sum = weights.reduce((a, b) => a + b);
  const kept: { id: number; probability: number }[] = [];
  let before = 0;
  for (const [i, { id }] of ranked.entries()) {
    const probability = (weights[i] ?? NaN) / sum;
    if (p < 1 && kept.length > 0 && before >= p) break;
    kept.push({ id, probability });
    before += probability;
  }
  return new Map(kept.map(({ id, probability }) => [id, probability / before]));
}

describe('distribution', () => {
  it('is what the definitions say', () => {
    fc.assert(
      fc.property(
        logitsOf({ minLength: 1, maxLength: 700 }),
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        fc.integer({ min: 0, max: 80 }),
        fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 0.999, noNaN: true })),
        (logits, temperature, k, p) => {
          const { ids, probabilities } = distribution(logits, temperature, k, p);
          const expected = naive(logits, temperature, k, p);
          const actual = new Map(Array.from(probabilities, (probability, i) => [ids ? ids[i] : i, probability]));
          // Where the sum meets p within rounding, either side of the cut is right.
          const odd = [...actual.keys(), ...expected.keys()].filter(
            (id) => id === undefined || actual.has(id) !== expected.has(id),
          );
          if (odd.length > 0) {
            expect(odd.length).toBe(1);
            const kept = [...(actual.size < expected.size ? actual : expected).values()];
            const full = naive(logits, temperature, k, 1);
            const mass = [...full.values()].slice(0, kept.length).reduce((a, b) => a + b, 0);
            expect(Math.abs(mass - p)).toBeLessThan(1e-9);
            return;
          }
          for (const [id, probability] of expected) expect(actual.get(id)).toBeCloseTo(probability, 9);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reaches far into a flat vocabulary', () => {
    const { ids, probabilities } = distribution(new Float32Array(10_000), 1, 0, 0.95);
    expect(probabilities.length).toBe(9500);
    expect(ids?.[9499]).toBe(9499);
  });

  it('keeps one token when the likeliest alone passes p', () => {
    expect([...(distribution(Float32Array.of(0, 9, 0), 1, 0, 0.5).ids ?? [])]).toEqual([1]);
    expect([...(distribution(Float32Array.of(0, 9, 0), 1, 2, 0.5).ids ?? [])]).toEqual([1]);
  });

  it('draws by cumulated probability, never a token of probability 0', () => {
    const three = { ids: Int32Array.of(7, 5, 9), probabilities: Float64Array.of(0.5, 0.5, 0) };
    expect([0, 0.49, 0.5, 0.999999].map((u) => draw(three, u))).toEqual([7, 7, 5, 5]);
    const short = { ids: undefined, probabilities: Float64Array.of(0, 0.3, 0.3, 0) };
    expect([0, 0.3, 0.9].map((u) => draw(short, u))).toEqual([1, 2, 2]);
  });

  it('refuses NaN and infinity', () => {
    expect(() => distribution(Float32Array.of(1, NaN), 1, 1, 1)).toThrow(/token 1 is NaN/);
    expect(() => distribution(Float32Array.of(NaN, 1), 1, 0, 0.9)).toThrow(/token 0 is NaN/);
    expect(() => distribution(Float32Array.of(1, Infinity), 1, 0, 1)).toThrow(RangeError);
    expect(() => distribution(Float32Array.of(-Infinity, -Infinity), 1, 1, 1)).toThrow(RangeError);
    expect(() => argmax(Float32Array.of(NaN))).toThrow(RangeError);
    expect(() => argmax(new Float32Array(0))).toThrow(RangeError);
  });
});

describe('topK and argmax', () => {
  it('agree with a full sort', () => {
    fc.assert(
      fc.property(logitsOf({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 310 }), (logits, k) => {
        const sorted = Array.from(logits.keys()).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
        expect([...topK(logits, k).ids]).toEqual(sorted.slice(0, k));
        expect(argmax(logits)).toBe(sorted[0]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('createSampler', () => {
  it('is greedy at temperature 0, lowest id among equals', () => {
    expect(createSampler(greedy).sample(Float32Array.of(1, 3, 3, 2), none)).toBe(1);
  });

  it('penalizes what was seen, by sign', () => {
    const logits = Float32Array.of(4, -4, 2, -2);
    penalizeRepetition(logits, new Set([0, 1, 99]), 2);
    expect([...logits]).toEqual([2, -8, 2, -2]);
    const sampler = createSampler({ ...greedy, repetitionPenalty: 1.5 });
    expect(sampler.sample(Float32Array.of(3, 2.5), new Set([0]))).toBe(1);
  });

  it('repeats itself with the same seed and not with another', () => {
    const run = (seed: number) => {
      const sampler = createSampler({ ...greedy, temperature: 1, topK: 50, topP: 0.95, seed });
      return Array.from({ length: 40 }, () => sampler.sample(new Float32Array(1000), none));
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it('draws as often as the probabilities say', () => {
    const probabilities = [0.5, 0.25, 0.15, 0.1];
    const draws = 20_000;
    const counts = [0, 0, 0, 0];
    const sampler = createSampler({ ...greedy, temperature: 1, seed: 1 });
    for (let i = 0; i < draws; i++) {
      const id = sampler.sample(Float32Array.from(probabilities, Math.log), none);
      counts[id] = (counts[id] ?? 0) + 1;
    }
    for (const [id, probability] of probabilities.entries()) {
      // Five standard deviations of a binomial.
      const spread = 5 * Math.sqrt(draws * probability * (1 - probability));
      expect(Math.abs((counts[id] ?? 0) - draws * probability)).toBeLessThan(spread);
    }
  });

  it.each([
    { temperature: -1 },
    { temperature: NaN },
    { topK: 1.5 },
    { topK: -1 },
    { topP: 0 },
    { topP: 1.1 },
    { repetitionPenalty: 0 },
    { seed: 0.5 },
  ])('refuses %j', (wrong) => {
    expect(() => createSampler({ ...greedy, ...wrong })).toThrow(RangeError);
  });
});
