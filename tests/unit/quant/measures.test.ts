import { describe, expect, it, test } from 'vitest';
import { dequantize, quantize } from '#core/quant/matrix.ts';
import { measure } from '#core/quant/measures.ts';
import { errorMap, histogram, medianGrid, outliers, weightFacts } from '#core/quant/pictures.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { normals } from './matrices.ts';

const q4: QuantSettings = { format: 'q4', symmetric: true, blockSize: 32, method: 'round' };

function measured(values: Float32Array, columns: number, settings: QuantSettings, scaleType: 'fp32' | 'fp16' = 'fp32') {
  const matrix = quantize(values, columns, settings, { scaleType });
  return measure(values, dequantize(matrix), matrix);
}

describe('bits per weight, by hand', () => {
  // 4 rows of 256; with zero points a row has 8 of 4 bits, which are 4 bytes.
  test.each([
    ['q4, block 32, fp32 scale: 4 + 32/32', q4, 'fp32', 256, 5],
    ['q4, block 32, fp16 scale: 4 + 16/32', q4, 'fp16', 256, 4.5],
    ['q4, block 32, zero point: 4 + 32/32 + 4/32', { ...q4, symmetric: false }, 'fp32', 256, 5.125],
    ['q4, block 128: 4 + 32/128', { ...q4, blockSize: 128 }, 'fp32', 256, 4.25],
    // Two zero points of 4 bits fill a byte; one takes a whole byte too.
    ['q4, block 256, zero point: 4 + (32 + 8)/256', { ...q4, symmetric: false, blockSize: 256 }, 'fp32', 256, 4.15625],
    ['q3, block 16: 3 + 32/16', { ...q4, format: 'q3', blockSize: 16 }, 'fp32', 256, 5],
    [
      'q2, block 64, zero point: 2 + 32/64 + 2/64',
      { ...q4, format: 'q2', blockSize: 64, symmetric: false },
      'fp32',
      256,
      2.53125,
    ],
    [
      'nf4, block 64, no zero point: 4 + 32/64',
      { ...q4, format: 'nf4', blockSize: 64, symmetric: false },
      'fp32',
      256,
      4.5,
    ],
    ['q8, block 32: 8 + 32/32', { ...q4, format: 'q8' }, 'fp32', 256, 9],
    ['fp16', { ...q4, format: 'fp16' }, 'fp32', 256, 16],
    // 40 columns take two blocks of 32: 64 · 4 + 2 · 32 bits for 40 weights.
    ['q4, block 32, of 40 columns', q4, 'fp32', 40, 8],
  ] as const)('%s', (_, settings, scaleType, columns, bits) => {
    const { bitsPerWeight, bytes } = measured(normals(4 * columns), columns, settings, scaleType);
    expect(bitsPerWeight).toBe(bits);
    expect(bytes).toBe((bits * 4 * columns) / 8);
  });
});

it('measures as the definitions say', () => {
  const original = Float32Array.of(3, 4, 0, 0);
  const quantized = Float32Array.of(3, 3, 0, 1);
  const matrix = quantize(original, 4, q4);
  const found = measure(original, quantized, matrix);
  expect(found.snrDecibels).toBeCloseTo(10 * Math.log10(25 / 2), 12);
  expect(found.cosine).toBeCloseTo(21 / (5 * Math.sqrt(19)), 12);
  expect(found.rootMeanSquareError).toBeCloseTo(Math.sqrt(0.5), 12);
  expect(found.largestError).toBe(1);
  expect(measure(original, original, matrix)).toMatchObject({ snrDecibels: Infinity, cosine: 1, largestError: 0 });
  const zeros = new Float32Array(4);
  expect(measure(zeros, zeros, matrix)).toMatchObject({ snrDecibels: Infinity, cosine: 1, rootMeanSquareError: 0 });
  expect(measure(original, zeros, matrix)).toMatchObject({ snrDecibels: 0, cosine: 0 });
  expect(() => measure(original, new Float32Array(3), matrix)).toThrow(RangeError);
});

it('does not lose small weights beside large ones in its sums', () => {
  const original = new Float32Array(2 ** 16).fill(2 ** -12);
  original[0] = 2 ** 12;
  const found = measure(original, new Float32Array(original.length), quantize(original, 2 ** 16, q4));
  expect(found.rootMeanSquareError ** 2 * 2 ** 16).toBe(2 ** 24 + (2 ** 16 - 1) * 2 ** -24);
});

it('counts both in the same bars, the greatest value in the last', () => {
  const original = Float32Array.of(0, 0.1, 0.9, 1);
  const quantized = Float32Array.of(0, 0, 1, 2);
  const found = histogram(original, quantized, 4);
  expect(found).toEqual({
    from: 0,
    to: 2,
    original: Uint32Array.of(2, 1, 1, 0),
    quantized: Uint32Array.of(2, 0, 1, 1),
  });
  const same = histogram(new Float32Array(5).fill(3), new Float32Array(5).fill(3), 3);
  expect(same).toEqual({ from: 2.5, to: 3.5, original: Uint32Array.of(0, 5, 0), quantized: Uint32Array.of(0, 5, 0) });
});

it('maps errors onto cells that share rows and columns', () => {
  const original = new Float32Array(15);
  const quantized = new Float32Array(15);
  // 3 rows of 5 under 2 × 2 cells: rows 0–1 and 2, columns 0–2 and 3–4.
  quantized[0] = 6;
  quantized[14] = 2;
  const map = errorMap(original, quantized, 5, 2);
  expect(map).toEqual({ rows: 2, columns: 2, values: Float32Array.of(Math.sqrt(6), 0, 0, Math.sqrt(2)) });
  // A cell a weight where there is room.
  expect(errorMap(original, quantized, 5, 9)).toMatchObject({ rows: 3, columns: 5, values: quantized });
});

it('loses no error between the cells', () => {
  const original = normals(37 * 53);
  const quantized = dequantize(quantize(original, 53, q4, { scaleType: 'fp32' }));
  for (const size of [1, 2, 7, 36, 37, 50, 60]) {
    const map = errorMap(original, quantized, 53, size);
    let sum = 0;
    for (let row = 0; row < map.rows; row++)
      for (let cell = 0; cell < map.columns; cell++) {
        const rows = countOf(37, map.rows, row);
        sum += (map.values[row * map.columns + cell] ?? NaN) ** 2 * rows * countOf(53, map.columns, cell);
      }
    expect(Math.sqrt(sum / original.length)).toBeCloseTo(measured(original, 53, q4).rootMeanSquareError, 6);
  }
});

/** How many of `count` places fall on a cell. */
function countOf(count: number, cells: number, cell: number): number {
  return Array.from({ length: count }, (_, at) => Math.floor((at * cells) / count)).filter((at) => at === cell).length;
}

it('finds the weights that are farthest from zero', () => {
  const original = normals(40 * 25);
  original[7] = -9;
  original[333] = 8;
  original[700] = 9;
  const found = outliers(original, new Float32Array(original.length).fill(1), 25, 20);
  const sorted = [...original].map((value, i) => ({ value, i })).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  expect(found.map(({ row, column }) => row * 25 + column)).toEqual(sorted.slice(0, 20).map(({ i }) => i));
  expect(found[0]).toMatchObject({ row: 0, column: 7, value: -9, quantized: 1 });
  const mean = original.reduce((sum, value) => sum + value, 0) / 1000;
  const deviation = Math.sqrt(original.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 1000);
  expect(found[0]?.standardDeviations).toBeCloseTo((-9 - mean) / deviation, 6);
  expect(outliers(original.subarray(0, 3), original.subarray(0, 3), 3, 9)).toHaveLength(3);
  expect(outliers(new Float32Array(4), new Float32Array(4), 4, 2).map((one) => one.standardDeviations)).toEqual([0, 0]);
});

it('shows the grid of the block whose scale is the median', () => {
  const values = Float32Array.from({ length: 5 * 16 }, (_, i) => (i % 16 === 0 ? [4, -2, 1, 3, 8][i >> 4] : 0) ?? NaN);
  const two = quantize(values, 80, { ...q4, format: 'q2', blockSize: 16 });
  // The magnitudes of the scales are 2, 1, 0.5, 1.5, 4; the median block has its largest weight at 3.
  expect([...medianGrid(two)]).toEqual([-1.5, 0, 1.5, 3]);
  expect(medianGrid(quantize(values, 80, { ...q4, format: 'nf4' }))).toHaveLength(16);
  expect(medianGrid(quantize(values, 80, { ...q4, format: 'fp16' }))).toHaveLength(0);
  for (const symmetric of [true, false]) {
    const random = quantize(normals(640), 64, { ...q4, format: 'q3', symmetric });
    const grid = medianGrid(random);
    expect(grid).toHaveLength(8);
    expect([...grid]).toEqual([...grid].sort((a, b) => a - b));
    expect(grid).toContain(0);
  }
});

it.each(['q3', 'nf4'] as const)('tells how a weight became another: %s', (format) => {
  const values = normals(3 * 40);
  for (const symmetric of [true, false]) {
    const matrix = quantize(values, 40, { ...q4, format, symmetric });
    const back = dequantize(matrix);
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 40; column++) {
        const facts = weightFacts(values, back, matrix, row, column);
        if (!facts) throw new Error('inside');
        const { code = NaN, scale = NaN, zeroPoint, level, original, quantized } = facts;
        expect([original, quantized]).toEqual([values[row * 40 + column], back[row * 40 + column]]);
        expect(Math.fround((format === 'nf4' ? (level ?? NaN) : code - (zeroPoint ?? NaN)) * scale) + 0).toBe(
          quantized,
        );
        expect(facts.block).toEqual(column < 32 ? [0, 31] : [32, 39]);
        expect(format === 'nf4' ? zeroPoint : level).toBeUndefined();
      }
    for (const [row, column] of [
      [3, 0],
      [0, 40],
      [-1, 0],
      [0, 0.5],
    ] as const)
      expect(weightFacts(values, back, matrix, row, column)).toBeUndefined();
  }
});
