/** Choices from candidates are those from the whole row, or none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseCandidate, type Candidates } from '#core/sampling/candidates.ts';
import { chooseToken } from '#core/sampling/choose.ts';
import { Random } from '#core/sampling/random.ts';
import { topK } from '#core/sampling/top-k.ts';

/** The sum over the row, within the relative error of a device that sums in float32. */
function candidatesOf(logits: Float32Array, count: number, temperature: number, error = 2e-5): Candidates {
  const ranked = topK(logits, count);
  const total = logits.reduce((sum, logit) => sum + Math.exp((logit - (ranked.logits[0] ?? NaN)) / temperature), 0);
  return { ...ranked, vocabulary: logits.length, total: { low: total * (1 - error), high: total * (1 + error) } };
}

const row = (length: number, spread: number, random: Random) =>
  Float32Array.from({ length }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
    return spread * radius * Math.cos(2 * Math.PI * random.uniform());
  });

const logits = fc
  .oneof(
    fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 400 }),
    fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 400 }),
    fc.array(fc.oneof(fc.constant(-Infinity), fc.double({ min: -1e30, max: 1e30, noNaN: true })), { minLength: 1 }),
  )
  .map((values) => Float32Array.from([0, ...values]));

describe('chooseCandidate', () => {
  it('is the choice from the whole row wherever it is one: ties, -inf, wide ranges, any cut', () => {
    let decided = 0;
    fc.assert(
      fc.property(
        logits,
        fc.oneof(fc.double({ min: 0.05, max: 3, noNaN: true }), fc.constantFrom(1e-30, 1e-3, 100, 1e30)),
        fc.integer({ min: 0, max: 120 }),
        fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 0.999, noNaN: true })),
        fc.integer({ min: 1, max: 100 }),
        fc.oneof(fc.constantFrom(0, 1 - 2 ** -53), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (values, temperature, topK, topP, count, u) => {
          const cuts = { temperature, topK, topP };
          const chosen = chooseCandidate(candidatesOf(values, count, temperature), cuts, u);
          // Top-k within the candidates leaves nothing open.
          if (topK > 0 && topK <= count && topK < values.length) expect(chosen).toBeDefined();
          if (chosen === undefined) return;
          decided++;
          expect(chosen).toBe(chooseToken(values, cuts, u));
        },
      ),
      { numRuns: 5000 },
    );
    expect(decided).toBeGreaterThan(3000);
  });

  it('decides nearly every draw of a peaked row, without top-k too', () => {
    const random = Random.fromSeed(3);
    const values = row(20_000, 4, random);
    for (const cuts of [
      { temperature: 0.7, topK: 0, topP: 0.95 },
      { temperature: 0.7, topK: 0, topP: 1 },
      { temperature: 0.7, topK: 1000, topP: 1 },
    ]) {
      const candidates = candidatesOf(values, 256, cuts.temperature);
      let open = 0;
      for (let draw = 0; draw < 300; draw++) {
        const u = random.uniform();
        const chosen = chooseCandidate(candidates, cuts, u);
        if (chosen === undefined) open++;
        else expect(chosen).toBe(chooseToken(values, cuts, u));
      }
      expect(open).toBeLessThan(30);
    }
  });

  it('leaves a draw open that the sum does not decide', () => {
    const values = new Float32Array(1000);
    const candidates = candidatesOf(values, 100, 1);
    const cuts = { temperature: 1, topK: 0, topP: 1 };
    // Beyond the candidates.
    expect(chooseCandidate(candidates, cuts, 0.5)).toBeUndefined();
    // Between two tokens, closer than the sum is known.
    expect(chooseCandidate(candidates, cuts, 0.05)).toBeUndefined();
    expect(chooseCandidate(candidates, cuts, 0.0505)).toBe(50);
  });

  it('leaves to the whole row what is in no order, and what has no choice', () => {
    const total = { low: 1, high: 2 };
    const open = (ids: number[], values: number[]) =>
      chooseCandidate(
        { ids: Int32Array.from(ids), logits: Float32Array.from(values), vocabulary: 9, total },
        { temperature: 1, topK: ids.length, topP: 1 },
        0.5,
      );
    expect(open([1, 2], [3, 2])).toBeDefined();
    expect(open([1, 2], [2, 3])).toBeUndefined();
    expect(open([2, 1], [3, 3])).toBeUndefined();
    expect(open([1, 2], [3, NaN])).toBeUndefined();
    expect(open([1, 2], [Infinity, 1])).toBeUndefined();
    expect(open([], [])).toBeUndefined();
  });
});
