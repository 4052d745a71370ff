import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseToken } from '#core/sampling/choose.ts';
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

/** A full sort, and the definitions written out: ids in order of rank, and the cumulated probability up to and with each. */
function naive(logits: Float32Array, temperature: number, k: number, p: number) {
  let ranked = Array.from(logits, (logit, id) => ({ id, logit })).sort((a, b) => b.logit - a.logit || a.id - b.id);
  if (k > 0) ranked = ranked.slice(0, k);
  const largest = ranked[0]?.logit ?? NaN;
  const weights = ranked.map(({ logit }) => Math.exp((logit - largest) / temperature));
  const sum = weights.reduce((a, b) => a + b);
  const kept: { id: number; end: number }[] = [];
  let before = 0;
  for (const [i, { id }] of ranked.entries()) {
    if (p < 1 && kept.length > 0 && before >= p) break;
    before += (weights[i] ?? NaN) / sum;
    kept.push({ id, end: before });
  }
  return kept.map(({ id, end }) => ({ id, end: end / before }));
}

const all = { temperature: 1, topK: 0, topP: 1 };

describe('chooseToken', () => {
  it('is what the definitions say', () => {
    let checked = 0;
    fc.assert(
      fc.property(
        logitsOf({ minLength: 1, maxLength: 700 }),
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        fc.integer({ min: 0, max: 80 }),
        fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 0.999, noNaN: true })),
        (logits, temperature, topK, topP) => {
          const expected = naive(logits, temperature, topK, topP);
          let start = 0;
          for (const { id, end } of expected.slice(0, 100)) {
            // Where sums meet within rounding, either side is right.
            if (end - start > 1e-6) {
              const us = [start + 1e-7, (start + end) / 2, end - 1e-7];
              for (const u of us) expect(chooseToken(logits, { temperature, topK, topP }, u)).toBe(id);
              checked++;
            }
            start = end;
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(checked).toBeGreaterThan(200);
  });

  it('reaches far into a flat vocabulary, by rank', () => {
    const flat = new Float32Array(10_000);
    expect(chooseToken(flat, { ...all, topP: 0.95 }, 1 - 2 ** -53)).toBe(9499);
    expect(chooseToken(flat, { ...all, topP: 0.95 }, 0.5)).toBe(4750);
    expect(chooseToken(flat, all, 1 - 2 ** -53)).toBe(9999);
  });

  it('keeps one token when the likeliest alone passes p', () => {
    expect(chooseToken(Float32Array.of(0, 9, 0), { ...all, topP: 0.5 }, 0.999)).toBe(1);
    expect(chooseToken(Float32Array.of(0, 9, 0), { ...all, topK: 2, topP: 0.5 }, 0.999)).toBe(1);
  });

  it('never chooses a token of probability 0', () => {
    const some = Float32Array.of(-Infinity, 0, -Infinity, 0, -800);
    for (const topK of [0, 4])
      for (const topP of [1, 0.99999])
        expect([0, 0.49, 0.5, 1 - 2 ** -53].map((u) => chooseToken(some, { ...all, topK, topP }, u))).toEqual([
          1, 1, 3, 3,
        ]);
  });

  it('at extreme temperatures is the likeliest, and any of them', () => {
    const logits = Float32Array.of(1, 2, 3, 2.9);
    for (const topK of [0, 3]) expect(chooseToken(logits, { ...all, topK, temperature: 1e-30 }, 0.9999)).toBe(2);
    const hot = [0.1, 0.3, 0.6, 0.9].map((u) => chooseToken(logits, { ...all, temperature: 1e30 }, u));
    expect(hot).toEqual([2, 3, 1, 0]);
  });

  it('refuses NaN and infinity', () => {
    const choose = (topK: number, topP: number, ...logits: number[]) =>
      chooseToken(Float32Array.from(logits), { temperature: 1, topK, topP }, 0.5);
    expect(() => choose(1, 1, 1, NaN)).toThrow(/token 1 is NaN/);
    expect(() => choose(0, 0.9, NaN, 1)).toThrow(/token 0 is NaN/);
    expect(() => choose(0, 1, 1, Infinity)).toThrow(RangeError);
    expect(() => choose(1, 1, -Infinity, -Infinity)).toThrow(RangeError);
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
