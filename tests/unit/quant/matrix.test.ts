import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantizeRows } from '#core/quant/blocks.ts';
import { dequantize, quantize } from '#core/quant/matrix.ts';
import { NF4_LEVELS } from '#core/quant/nf4.ts';
import { packCodes } from '#core/quant/pack.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { blockSettings, blockSpans, blocksOf, matrix, normals } from './matrices.ts';

const settings = (format: QuantSettings['format'], more: Partial<QuantSettings> = {}): QuantSettings => ({
  ...{ format, symmetric: true, blockSize: 32, method: 'round' },
  ...more,
});

const scaleTypes = fc.constantFrom('fp32', 'fp16' as const);

describe('quantize, round', () => {
  it('keeps each weight within its error bound', () => {
    fc.assert(
      fc.property(matrix, blockSettings, scaleTypes, ({ columns, values: drawn }, chosen, scaleType) => {
        // Larger ones have scales beyond float16.
        const values = scaleType === 'fp16' ? drawn.map((value) => Math.max(-1000, Math.min(1000, value))) : drawn;
        const made = blocksOf(values, columns, { ...chosen, method: 'round' }, { scaleType });
        const back = dequantize(made);
        blockSpans(made).forEach(({ start, end }, block) => {
          const scale = Math.abs(made.scales[block] ?? NaN);
          for (let i = start; i < end; i++) {
            const value = values[i] ?? NaN;
            // The two levels of nf4 that are farthest apart are −1 and its neighbour.
            let bound = ((1 - 0.6961928009986877) / 2) * scale;
            if (!made.levels) {
              const middle = 2 ** (made.bits - 1);
              const reach = made.zeroPoints
                ? Infinity
                : (value * (made.scales[block] ?? NaN) > 0 ? middle - 1 : middle) * scale;
              bound = Math.max(scale / 2, Math.abs(value) - reach);
            }
            // Roundings of the scale, which moves the end of a grid with a zero point, and of the product; a scale too small
            // for its type.
            const [rounding, least] =
              scaleType === 'fp16' ? [2 ** (made.bits - 11), 255 * 2 ** -25] : [2 ** -15, 2 ** -140];
            const slack = rounding * scale + least;
            expect(Math.abs((back[i] ?? NaN) - value)).toBeLessThanOrEqual(bound + slack);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('returns weights that lie on a grid unchanged, with the codes that they were made of', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('q2', 'q3', 'q4', 'q8' as const),
        fc.boolean(),
        fc.integer({ min: -8, max: 4 }),
        fc.nat({ max: 255 }),
        fc.array(fc.nat(), { minLength: 48, maxLength: 48 }),
        fc.constantFrom('round', 'search' as const),
        (format, symmetric, exponent, zeroPick, picks, method) => {
          const levels = 2 ** Number(format.slice(1));
          const zeroPoint = symmetric ? levels / 2 : zeroPick % levels;
          const codes = picks.map((pick) => pick % levels);
          // Both ends must be in each block, or another scale would be found: 48 columns are a block of 32 and one of 16.
          for (const at of [0, 32]) [codes[at], codes[at + 1]] = [0, levels - 1];
          const values = Float32Array.from(codes, (code) => (code - zeroPoint) * 2 ** exponent);
          const made = blocksOf(values, 48, settings(format, { symmetric, method }));
          expect(dequantize(made)).toEqual(values);
          expect([...made.scales]).toEqual([2 ** exponent, 2 ** exponent]);
          expect([...made.codes]).toEqual(codes);
          expect(made.zeroPoints && [...made.zeroPoints]).toEqual(symmetric ? undefined : [zeroPoint, zeroPoint]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([2, 4, 8] as const)('is what quantizeRows packs, at %i bits', (bits) => {
    const values = normals(64 * 40);
    for (const scaleType of ['fp32', 'fp16'] as const) {
      const rows = quantizeRows(values, 64, { bits, blockSize: 32, scaleType });
      const made = blocksOf(values, 64, settings(`q${bits}`), { scaleType });
      expect(made.scales).toEqual(rows.scales);
      expect(packCodes(made.codes, bits)).toEqual(rows.packed);
    }
  });

  it('with zero points spans least to greatest and zero', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (16 + (14 * i) / 31) / 15);
    const { codes, scales, zeroPoints } = blocksOf(values, 32, settings('q4', { symmetric: false }));
    expect([...scales]).toEqual([Math.fround(2 / 15)]);
    expect([...(zeroPoints ?? [])]).toEqual([0]);
    expect([Math.min(...codes), Math.max(...codes)]).toEqual([8, 15]);
    const signed = values.map((value) => (value - 16 / 15) * (15 / 14) - 0.25);
    const made = blocksOf(signed, 32, settings('q4', { symmetric: false }));
    // −0.25 … 0.75 in 15 steps: zero is 3.75 of them up.
    expect(made.scales[0]).toBeCloseTo(1 / 15, 7);
    expect([...(made.zeroPoints ?? [])]).toEqual([4]);
    expect([Math.min(...made.codes), Math.max(...made.codes)]).toEqual([0, 15]);
  });

  it('gives the last block of a row a scale of its own where it is shorter', () => {
    const values = Float32Array.from({ length: 80 }, (_, i) => (i % 40 < 32 ? 8 : i < 40 ? -1 : 0));
    const { scales } = blocksOf(values, 40, settings('q4'));
    expect([...scales]).toEqual([-1, 0.125, -1, 0]);
  });
});

describe('nf4', () => {
  it('has the levels of bitsandbytes', () => {
    // The table of bitsandbytes (functional.py, csrc/kernels.cu); float32.
    expect([...NF4_LEVELS]).toEqual([
      ...[-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635],
      ...[-0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725],
      ...[0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0],
    ]);
  });

  it('takes the nearest level everywhere', () => {
    // The first two fix the scale; the others go through the whole range in small steps.
    const values = Float32Array.from({ length: 4096 }, (_, i) => (i % 16 === 0 ? 2 : Math.sin(i) * 2));
    const { codes, scales } = blocksOf(values, 16, settings('nf4', { blockSize: 16 }));
    expect(new Set(scales)).toEqual(new Set([2]));
    values.forEach((value, i) => {
      const distances = [...NF4_LEVELS].map((level) => Math.abs(level * 2 - value));
      expect(distances[codes[i] ?? -1]).toBe(Math.min(...distances));
    });
    expect(new Set(codes).size).toBe(16);
  });

  it('brings levels back exactly', () => {
    const values = NF4_LEVELS.map((level) => level * 0.5);
    for (const method of ['round', 'search'] as const) {
      const made = blocksOf(values, 16, settings('nf4', { blockSize: 16, method }));
      expect([...made.codes]).toEqual(Array.from({ length: 16 }, (_, i) => i));
      expect(dequantize(made)).toEqual(values);
    }
  });
});

it('fp16 is the nearest half', () => {
  const values = Float32Array.of(1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -65504, 2 ** -24, 0.1);
  const back = dequantize(quantize(values, 3, settings('fp16')));
  expect([...back]).toEqual([1, 1, 1 + 2 ** -9, -65504, 2 ** -24, 0.0999755859375]);
});

it('names the place of what it cannot take', () => {
  const values = new Float32Array(96).fill(1);
  values[70] = NaN;
  expect(() => quantize(values, 32, settings('q4'))).toThrow('row 2, column 6 is NaN');
  values[70] = 70000;
  expect(() => quantize(values, 32, settings('fp16'))).toThrow('row 2, column 6: 70000 does not fit fp16');
  values[70] = 3e38;
  expect(() => quantize(values, 32, settings('q4'), { scaleType: 'fp16' })).toThrow('row 2');
  expect(() => quantize(values, 36, settings('q4'))).toThrow('96 values are not rows of 36');
  values[70] = 1;
  const search = settings('q4', { method: 'search' });
  expect(() => quantize(values, 32, search, { importance: new Float32Array(31) })).toThrow('31 columns');
  expect(() => quantize(values, 32, search, { importance: new Float32Array(32).fill(-1) })).toThrow('column 0 is -1');
});
