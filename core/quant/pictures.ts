/** What a matrix and its quantized form look like: bars, maps, the farthest weights, and single ones with their arithmetic. */
import type { Inspection, WeightFacts } from './inspection.ts';
import { dequantize, type BlockMatrix, type QuantizedMatrix } from './matrix.ts';

/** Both counted in `bins` bars of equal width, from the least value to the greatest of either. */
export function histogram(original: Float32Array, quantized: Float32Array, bins: number): Inspection['histogram'] {
  const [least, greatest] = extremes(original);
  const [lowest, highest] = extremes(quantized);
  let from = Math.min(least, lowest);
  let to = Math.max(greatest, highest);
  if (!(to > from)) {
    // All values are one, or there are none: a range around it has room for a bar.
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
    // Less than half the time of two comparisons.
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}

function bars(values: Float32Array, from: number, to: number, bins: number): Uint32Array {
  // Neighbours are often in one bar, and a count that has just been written is slow to read again: four in turn are not.
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
 * Root mean square error of the weights under each cell, row by row: at most `size` cells each way, which share rows and
 * columns as evenly as whole numbers can.
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

/** The `count` weights farthest from zero, farthest first; in standard deviations from the mean. */
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

/** Indices of the largest magnitudes, largest first; of equal ones, the first. */
function farthest(values: Float32Array, count: number): number[] {
  const found: number[] = [];
  const magnitude = (index: number) => Math.abs(values[index] ?? NaN);
  // Few weights pass: the bar rises with each that does.
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

/** The values that the block with the median magnitude of scale can take, ascending, as float32; none for fp16. */
export function medianGrid(matrix: QuantizedMatrix): Float32Array {
  if (matrix.type === 'halves') return new Float32Array();
  const sizes = matrix.scales.map(Math.abs);
  const median = nth(sizes, sizes.length >> 1);
  const block = matrix.scales.findIndex((scale) => Math.abs(scale) === median);
  return blockGrid(matrix, block);
}

/** The values that a block can take, ascending. @param block index among the scales */
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

/** The value that stands at `rank` once sorted (Hoare's selection); puts `values` in another order. */
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

/** How one weight became another; undefined outside of the matrix. */
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
