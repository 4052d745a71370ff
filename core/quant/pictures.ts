/** Visualization data of a matrix and its quantized form: histograms, error maps, outliers, and details of single weights. */
import type { Inspection, WeightFacts } from './inspection.ts';
import { dequantize, type BlockMatrix, type QuantizedMatrix } from './matrix.ts';

/** Histograms of both with the same `bins` bars, from the smallest to the largest value of either. */
export function histogram(original: Float32Array, quantized: Float32Array, bins: number): Inspection['histogram'] {
  const [least, greatest] = extremes(original);
  const [lowest, highest] = extremes(quantized);
  let from = Math.min(least, lowest);
  let to = Math.max(greatest, highest);
  if (!(to > from)) {
    // All values are equal, or there are none: uses a range around the value.
    const middle = from === to ? from : 0;
    from = middle - 0.5;
    to = middle + 0.5;
  }
  return { from, to, original: bars(original, from, to, bins), quantized: bars(quantized, from, to, bins) };
}

function extremes(values: Float32Array): [least: number, greatest: number] {
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    // Takes less than half the time of two comparisons.
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}

function bars(values: Float32Array, from: number, to: number, bins: number): Uint32Array {
  // Four counters per bar: neighbours often fall into the same bar, and rereading a count that was just written is slow.
  const counts = new Uint32Array(4 * bins);
  const perBin = bins / (to - from);
  for (let i = 0; i < values.length; i++) {
    const at = (((values[i] ?? NaN) - from) * perBin) | 0;
    // The greatest value belongs to the last bar.
    const bar = (at < bins ? at : bins - 1) * 4 + (i & 3);
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return Uint32Array.from({ length: bins }, (_, bar) =>
    counts.subarray(4 * bar, 4 * bar + 4).reduce((sum, count) => sum + count, 0),
  );
}

/**
 * Root mean square error of the weights in each cell, row-major: at most `size` × `size` cells, with rows and columns
 * divided as evenly as possible.
 */
export function errorMap(
  original: Float32Array,
  quantized: Float32Array,
  columns: number,
  size: number,
): Inspection['errorMap'] {
  const rows = original.length / columns;
  const height = Math.min(size, rows);
  const width = Math.min(size, columns);
  const sums = new Float64Array(height * width);
  const edges = Uint32Array.from({ length: width + 1 }, (_, cell) => Math.ceil((cell * columns) / width));
  for (let row = 0; row < rows; row++) {
    const cells = Math.floor((row * height) / rows) * width;
    for (let cell = 0; cell < width; cell++) {
      const end = row * columns + (edges[cell + 1] ?? 0);
      let sum = 0;
      for (let i = row * columns + (edges[cell] ?? 0); i < end; i++) {
        const error = (original[i] ?? NaN) - (quantized[i] ?? NaN);
        sum += error * error;
      }
      sums[cells + cell] = (sums[cells + cell] ?? 0) + sum;
    }
  }
  const values = Float32Array.from(sums, (sum, index) => {
    const [row, cell] = [Math.floor(index / width), index % width];
    const cellRows = Math.ceil(((row + 1) * rows) / height) - Math.ceil((row * rows) / height);
    return Math.sqrt(sum / (cellRows * ((edges[cell + 1] ?? 0) - (edges[cell] ?? 0))));
  });
  return { rows: height, columns: width, values };
}

/** The `count` weights farthest from zero, farthest first, with their distance from the mean in standard deviations. */
export function outliers(
  original: Float32Array,
  quantized: Float32Array,
  columns: number,
  count: number,
): Inspection['outliers'] {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < original.length; i++) {
    const value = original[i] ?? NaN;
    sum += value;
    squares += value * value;
  }
  const mean = sum / original.length;
  const deviation = Math.sqrt(Math.max(0, squares / original.length - mean * mean));
  return farthest(original, count).map((index) => {
    const value = original[index] ?? NaN;
    return {
      row: Math.floor(index / columns),
      column: index % columns,
      value,
      quantized: quantized[index] ?? NaN,
      standardDeviations: deviation === 0 ? 0 : (value - mean) / deviation,
    };
  });
}

/** Indices of the largest magnitudes, largest first; ties in order of index. */
function farthest(values: Float32Array, count: number): number[] {
  const found: number[] = [];
  const magnitude = (index: number) => Math.abs(values[index] ?? NaN);
  // Few weights exceed the threshold, which rises with each insertion.
  let bar = -1;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] ?? NaN);
    if (size <= bar) continue;
    let at = found.length;
    while (at > 0 && magnitude(found[at - 1] ?? 0) < size) at--;
    found.splice(at, 0, i);
    if (found.length > count) found.pop();
    if (found.length === count) bar = magnitude(found[count - 1] ?? 0);
  }
  return found;
}

/** Values that the block with the median scale magnitude can represent, ascending, as float32; empty for fp16. */
export function medianGrid(matrix: QuantizedMatrix): Float32Array {
  if (matrix.type === 'halves') return new Float32Array();
  const sizes = matrix.scales.map(Math.abs);
  const median = nth(sizes, sizes.length >> 1);
  const block = matrix.scales.findIndex((scale) => Math.abs(scale) === median);
  return blockGrid(matrix, block);
}

/** Values that a block can represent, ascending. @param block index among the scales */
export function blockGrid(matrix: BlockMatrix, block: number): Float32Array {
  const levels = 2 ** matrix.bits;
  const one: BlockMatrix = {
    ...matrix,
    ...{ rows: 1, columns: levels, blockSize: levels },
    codes: Uint8Array.from({ length: levels }, (_, code) => code),
    scales: matrix.scales.subarray(block, block + 1),
    zeroPoints: matrix.zeroPoints?.subarray(block, block + 1),
  };
  return dequantize(one).sort();
}

/** Value at index `rank` of the sorted array (quickselect, Hoare); reorders `values`. */
function nth(values: Float32Array, rank: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] ?? NaN;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] ?? NaN) < pivot) left++;
      while ((values[right] ?? NaN) > pivot) right--;
      if (left > right) break;
      const swapped = values[left] ?? NaN;
      values[left++] = values[right] ?? NaN;
      values[right--] = swapped;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return values[rank] ?? NaN;
}

/** Quantization details of one weight; undefined outside of the matrix. */
export function weightFacts(
  original: Float32Array,
  quantized: Float32Array,
  matrix: QuantizedMatrix,
  row: number,
  column: number,
): WeightFacts | undefined {
  const { rows, columns } = matrix;
  const isInside =
    Number.isInteger(row) && Number.isInteger(column) && row >= 0 && row < rows && column >= 0 && column < columns;
  if (!isInside) return undefined;
  const index = row * columns + column;
  const place = { row, column, original: original[index] ?? NaN, quantized: quantized[index] ?? NaN };
  if (matrix.type === 'halves') {
    return { ...place, code: undefined, scale: undefined, zeroPoint: undefined, level: undefined, block: undefined };
  }
  const { blockSize, codes, scales, zeroPoints, levels, bits } = matrix;
  const first = column - (column % blockSize);
  const block = row * Math.ceil(columns / blockSize) + first / blockSize;
  const code = codes[index] ?? 0;
  return {
    ...place,
    code,
    scale: scales[block],
    zeroPoint: levels ? undefined : (zeroPoints?.[block] ?? 2 ** (bits - 1)),
    level: levels?.[code],
    block: [first, Math.min(first + blockSize, columns) - 1],
  };
}
