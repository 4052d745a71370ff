import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NF4_LEVELS } from '#core/quant/nf4.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { blockErrors, blockSettings, blocksOf, BLOCK_FORMATS, matrix, normals } from './matrices.ts';

const ROWS = 64;
const COLUMNS = 64;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/**
 * The least squared error that any scale leaves, for the levels in units of the scale: every place where a code changes is
 * tried. Works out what `search` approximates, in another way: codes are found anew for each scale.
 */
function leastError(block: Float32Array, levels: readonly number[]): number {
  const middles = levels.slice(1).map((level, i) => (level + (levels[i] ?? NaN)) / 2);
  const scales = [...block].flatMap((value) => middles.map((middle) => value / middle)).filter((scale) => scale !== 0);
  const all = sum([...block].map((value) => value * value));
  let least = all;
  for (const scale of scales) {
    if (!Number.isFinite(scale)) continue;
    // A hair to the side, so that rounding does not matter at the place itself.
    const nearby = scale * (1 + 1e-9);
    let product = 0;
    let square = 0;
    for (const value of block) {
      const level = nearest(levels, value / nearby);
      product += value * level;
      square += level * level;
    }
    if (square > 0) least = Math.min(least, all - (product * product) / square);
  }
  return least;
}

function nearest(levels: readonly number[], value: number): number {
  return levels.reduce((best, level) => (Math.abs(level - value) < Math.abs(best - value) ? level : best));
}

const whole = (bits: number, zeroPoint: number) => Array.from({ length: 2 ** bits }, (_, code) => code - zeroPoint);

describe('search', () => {
  it('leaves no block with more error than round, weighted or not', () => {
    fc.assert(
      fc.property(
        matrix,
        blockSettings,
        fc.constantFrom('fp32', 'fp16' as const),
        fc.option(fc.array(fc.float({ min: 0, max: 100, noNaN: true }), { minLength: 80, maxLength: 80 })),
        ({ columns, values }, chosen, scaleType, weights) => {
          // What fp16 scales cannot hold is refused.
          if (scaleType === 'fp16' && values.some((value) => Math.abs(value) > 60000)) return;
          const importance = weights ? Float32Array.from(weights.slice(0, columns)) : undefined;
          const options = { scaleType, ...(importance ? { importance } : {}) };
          const made = (method: QuantSettings['method']) =>
            blockErrors(values, blocksOf(values, columns, { ...chosen, method }, options), importance);
          const rounded = made('round');
          made('search').forEach((error, block) => expect(error).toBeLessThanOrEqual(rounded[block] ?? NaN));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(BLOCK_FORMATS)('%s: less error than round on normal weights, symmetric or not', (format) => {
    const values = normals(ROWS * COLUMNS);
    for (const symmetric of [true, false]) {
      const [round = NaN, search = NaN] = (['round', 'search'] as const).map((method) =>
        sum(blockErrors(values, blocksOf(values, COLUMNS, { format, symmetric, blockSize: 32, method }))),
      );
      // 5 % are 0.22 dB.
      expect(search).toBeLessThan(0.95 * round);
    }
  });

  it.each([
    ['q2', true, [whole(2, 2)]],
    ['q2', false, [0, 1, 2, 3].map((zeroPoint) => whole(2, zeroPoint))],
    ['q3', true, [whole(3, 4)]],
    ['q4', true, [whole(4, 8)]],
    ['nf4', true, [[...NF4_LEVELS]]],
  ] as const)('%s, symmetric %s: hardly more than any scale would leave', (format, symmetric, sets) => {
    const values = normals(32 * 32);
    const made = blocksOf(values, 32, { format, symmetric, blockSize: 32, method: 'search' });
    const found = sum(blockErrors(values, made));
    const least = sum(
      Array.from({ length: 32 }, (_, row) =>
        Math.min(...sets.map((levels) => leastError(values.subarray(row * 32, row * 32 + 32), levels))),
      ),
    );
    expect(found).toBeGreaterThan(least * 0.999);
    expect(found).toBeLessThan(least * 1.005);
  });

  it('spends its error where columns count less', () => {
    const values = normals(ROWS * COLUMNS);
    const importance = Float32Array.from({ length: COLUMNS }, (_, column) => (column % 8 === 0 ? 100 : 1));
    const chosen: QuantSettings = { format: 'q3', symmetric: true, blockSize: 32, method: 'search' };
    const plain = blocksOf(values, COLUMNS, chosen);
    const weighed = blocksOf(values, COLUMNS, chosen, { importance });
    expect(sum(blockErrors(values, weighed, importance))).toBeLessThan(
      0.9 * sum(blockErrors(values, plain, importance)),
    );
    expect(sum(blockErrors(values, weighed))).toBeGreaterThan(sum(blockErrors(values, plain)));
  });

  it('gives up an outlier that does not count', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i === 31 ? 50 : Math.sin(i) / 100));
    const importance = Float32Array.from(values, (value) => (value === 50 ? 0 : 1));
    const chosen: QuantSettings = { format: 'q4', symmetric: true, blockSize: 32, method: 'search' };
    const all = sum([...values.subarray(0, 31)].map((value) => value * value));
    // With the outlier in view every other weight is zero.
    expect(blockErrors(values, blocksOf(values, 32, chosen), importance)[0]).toBe(all);
    expect(blockErrors(values, blocksOf(values, 32, chosen, { importance }), importance)[0]).toBeLessThan(0.01 * all);
  });
});
