/** Matrices and settings for property tests. */
import fc from 'fast-check';
import { dequantize, quantize, type BlockMatrix, type QuantizeOptions } from '#core/quant/matrix.ts';
import { BLOCK_SIZES, QUANT_FORMATS, type QuantSettings } from '#core/quant/settings.ts';

export const BLOCK_FORMATS = QUANT_FORMATS.filter((format) => format !== 'fp16');

export const blockSettings: fc.Arbitrary<Omit<QuantSettings, 'method'>> = fc.record({
  format: fc.constantFrom(...BLOCK_FORMATS),
  symmetric: fc.boolean(),
  blockSize: fc.constantFrom(...BLOCK_SIZES.slice(0, 3)),
});

const HUGE = 2 ** 126;

export interface Matrix {
  columns: number;
  values: Float32Array;
}

/** Rows of normal size, of one sign, of one outlier among small ones, of zeros, and of float32 of any size; columns of any number. */
export const matrix: fc.Arbitrary<Matrix> = fc.integer({ min: 1, max: 80 }).chain((columns) => {
  const size = { minLength: columns, maxLength: columns };
  const row = fc.oneof(
    fc.float32Array({ ...size, min: -1, max: 1, noNaN: true }),
    fc.float32Array({ ...size, min: 0.5, max: 1, noNaN: true }),
    // A zero point is a whole number: it may move either end out by half a step, which must not be beyond float32.
    fc.float32Array({ ...size, min: -HUGE, max: HUGE, noNaN: true }),
    fc.tuple(fc.nat({ max: columns - 1 }), fc.float({ min: -100, max: 100, noNaN: true })).map(([at, outlier]) => {
      const values = Float32Array.from({ length: columns }, (_, i) => Math.sin(i) / 100);
      values[at] = outlier;
      return values;
    }),
    fc.constant(new Float32Array(columns)),
  );
  return fc.array(row, { minLength: 1, maxLength: 3 }).map((rows) => {
    const values = new Float32Array(rows.length * columns);
    rows.forEach((one, i) => values.set(one, i * columns));
    return { columns, values };
  });
});

/** With float32 scales unless `options` say otherwise. */
export function blocksOf(
  values: Float32Array,
  columns: number,
  settings: QuantSettings,
  options?: QuantizeOptions,
): BlockMatrix {
  const made = quantize(values, columns, settings, { scaleType: 'fp32', ...options });
  if (made.type !== 'blocks') throw new Error(`${settings.format} has no blocks`);
  return made;
}

/** For each block, in order: first and last index + 1 of its weights, and its first column. */
export function blockSpans({
  rows,
  columns,
  blockSize,
}: BlockMatrix): { start: number; end: number; column: number }[] {
  const spans = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column += blockSize) {
      const end = Math.min(column + blockSize, columns);
      spans.push({ start: row * columns + column, end: row * columns + end, column });
    }
  return spans;
}

/** Σ importance · (w − ŵ)² of each block. */
export function blockErrors(values: Float32Array, made: BlockMatrix, importance?: Float32Array): number[] {
  const back = dequantize(made);
  return blockSpans(made).map(({ start, end, column }) => {
    let sum = 0;
    for (let i = start; i < end; i++) {
      const error = (values[i] ?? NaN) - (back[i] ?? NaN);
      sum += error * error * (importance?.[column + i - start] ?? 1);
    }
    return sum;
  });
}

/** Normally distributed, the same for the same count (Box and Muller over the R1 sequence of Roberts, so without a generator). */
export function normals(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const [u, v] = [((i + 1) * 0.7548776662466927) % 1, ((i + 1) * 0.5698402909980532) % 1];
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  });
}
