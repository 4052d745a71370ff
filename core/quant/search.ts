/**
 * Method `search`: finds scales with the smallest (weighted) squared error, block by block.
 *
 * For a scale s the best codes are the nearest ones; for given codes q the best scale is the least-squares solution s =
 * Σwxq / Σwq², with the error Σwx² − (Σwxq)² / Σwq². As 1/s grows, a code changes only at known values of 1/s, the
 * midpoints between its levels. One pass over a block therefore gives both sums for all candidates: the change of each code
 * is added at the candidate where it occurs, and a prefix sum runs from the smallest 1/s to the largest. The best candidate
 * is refined by alternating nearest codes and least squares, and used if it is better than the scale from the extremes.
 *
 * Related work: the candidates with a refit of ggml's k-quants (try each scale anew, about 20), MSE-optimal clipping
 * (OCTAV, Sakr et al. 2022, arXiv 2206.06501: Newton steps on a model of the error), HQQ (Badri and Shaji 2023: zero points
 * by half-quadratic splitting for an lp norm). ggml's imatrix and AWQ (arXiv 2306.00978) derive column weights from
 * activations.
 */
import { CODE_BITS, roundToHalf, type BlockForm, type Blocks } from './form.ts';
import { NF4_LEVELS, NF4_ZERO, nf4Codes } from './nf4.ts';
import { blockEnd, inverseOf, wholeCodes } from './round.ts';

/** Number of scales tried for each zero point. */
const CANDIDATES = 48;
/** Zero points tried on either side of the one from the extremes. */
const ZERO_POINT_REACH = 1;

/**
 * Candidate range of 1/s, relative to the 1/s from the extremes. Contains the optimum of nearly every block of real
 * matrices.
 */
const WINDOW: Readonly<Record<BlockForm['format'], readonly [number, number]>> = {
  q2: [0.6, 1.8],
  q3: [0.65, 1.3],
  q4: [0.75, 1.15],
  nf4: [0.55, 1.15],
  q8: [0.8, 1.02],
};
/** Factor that widens the range if columns have different importance: clipping the largest weight may then be best. */
const WIDER = 1.5;

/** Improves scales, zero points and codes in place. A block changes only if its error decreases. */
export function searchBlocks(
  values: Float32Array,
  columns: number,
  form: BlockForm,
  blocks: Blocks,
  importance: Float32Array | undefined,
): void {
  const search = new BlockSearch(values, columns, form, blocks, importance);
  for (let block = 0, start = 0; block < blocks.scales.length; block++) {
    const end = blockEnd(start, columns, form.blockSize);
    search.improve(block, start, end, start % columns);
    start = end;
  }
}

/** Levels on one side of zero: magnitudes from 0 up, and the midpoints to the next level. */
interface Side {
  levels: Float64Array;
  middles: Float64Array;
}

function side(levels: readonly number[]): Side {
  return {
    levels: Float64Array.from(levels),
    middles: Float64Array.from(levels, (level, i) => (level + (levels[i + 1] ?? Infinity)) / 2),
  };
}

const WHOLE = side(Array.from({ length: 256 }, (_, i) => i));
const NF4_ABOVE = side([...NF4_LEVELS.subarray(NF4_ZERO)]);
const NF4_BELOW = side([...NF4_LEVELS.subarray(0, NF4_ZERO + 1)].map(Math.abs).reverse());

class BlockSearch {
  readonly #values: Float32Array;
  readonly #blocks: Blocks;
  readonly #importance: Float32Array;
  readonly #isNf4: boolean;
  readonly #isHalf: boolean;
  /** The largest code, and the code of zero without zero points. */
  readonly #top: number;
  readonly #middle: number;
  /** Candidate range of 1/s. */
  readonly #least: number;
  readonly #most: number;

  /** Per weight of the current block: |x| / largest relevant |x| (0 if its importance is 0), importance, and whether x > 0. */
  readonly #sizes: Float64Array;
  readonly #counts: Float64Array;
  readonly #isAbove: Uint8Array;
  /** Per candidate: increments of Σwxq and Σwq². */
  readonly #products = new Float64Array(CANDIDATES);
  readonly #squares = new Float64Array(CANDIDATES);
  /** Candidates are first + step · index, in code steps of the largest weight. */
  #first = 0;
  #step = 0;
  /** Best so far: (Σwxq)² / Σwq², the scale Σwxq / Σwq² relative to the largest weight, and the zero point. */
  #gain = 0;
  #found = 0;
  #zeroPoint = 0;

  readonly #codes: Uint8Array;
  readonly #scale = new Float32Array(1);

  constructor(
    values: Float32Array,
    columns: number,
    form: BlockForm,
    blocks: Blocks,
    importance: Float32Array | undefined,
  ) {
    this.#values = values;
    this.#blocks = blocks;
    this.#importance = importance ?? new Float32Array(columns).fill(1);
    this.#isNf4 = form.format === 'nf4';
    this.#isHalf = form.scaleType === 'fp16';
    this.#top = 2 ** CODE_BITS[form.format] - 1;
    this.#middle = this.#isNf4 ? NF4_ZERO : (this.#top + 1) / 2;
    const [least, most] = WINDOW[form.format];
    this.#least = least;
    this.#most = importance ? most * WIDER : most;
    this.#sizes = new Float64Array(form.blockSize);
    this.#counts = new Float64Array(form.blockSize);
    this.#isAbove = new Uint8Array(form.blockSize);
    this.#codes = new Uint8Array(form.blockSize);
  }

  improve(block: number, start: number, end: number, column: number): void {
    const { scales, zeroPoints, codes } = this.#blocks;
    const scale = scales[block] ?? 0;
    // All zeros, or so small that the scale underflows.
    if (scale === 0) return;
    const extreme = this.#read(start, end, column);
    if (extreme === 0) return;
    // Level of the largest weight with the scale from the extremes.
    const given = zeroPoints ? extreme / scale : this.#isNf4 ? 1 : this.#middle;
    this.#first = given * this.#least;
    this.#step = (given * (this.#most - this.#least)) / (CANDIDATES - 1);
    this.#gain = 0;
    const length = end - start;
    const rounded = zeroPoints?.[block];
    if (rounded === undefined) {
      this.#sweep(length, this.#middle, 1);
      this.#sweep(length, this.#middle, -1);
    } else {
      const from = Math.max(0, rounded - ZERO_POINT_REACH);
      const to = Math.min(this.#top, rounded + ZERO_POINT_REACH);
      for (let zeroPoint = from; zeroPoint <= to; zeroPoint++) this.#sweep(length, zeroPoint, 1);
    }
    if (this.#gain === 0) return;

    const zeroPoint = this.#zeroPoint;
    const found = this.#found * extreme;
    this.#encode(start, end, inverseOf(found), zeroPoint);
    this.#scale[0] = this.#fit(start, end, column, zeroPoint);
    if (this.#isHalf && roundToHalf(this.#scale) >= 0) return;
    const stored = this.#scale[0] ?? 0;
    this.#encode(start, end, inverseOf(stored), zeroPoint);
    const error = this.#error(this.#codes, 0, start, end, column, stored, zeroPoint);
    if (!(error < this.#error(codes, start, start, end, column, scale, rounded ?? this.#middle))) return;
    scales[block] = stored;
    if (zeroPoints) zeroPoints[block] = zeroPoint;
    for (let i = 0; i < length; i++) codes[start + i] = this.#codes[i] ?? 0;
  }

  /** Reads a block. @returns its largest magnitude with importance above 0 */
  #read(start: number, end: number, column: number): number {
    const values = this.#values;
    const importance = this.#importance;
    const sizes = this.#sizes;
    const counts = this.#counts;
    const isAbove = this.#isAbove;
    let extreme = 0;
    for (let i = start; i < end; i++) {
      const size = Math.abs(values[i] ?? 0);
      if (size > extreme && (importance[column + i - start] ?? 0) > 0) extreme = size;
    }
    for (let i = 0; i < end - start; i++) {
      const value = values[start + i] ?? 0;
      const count = importance[column + i] ?? 0;
      sizes[i] = count > 0 ? Math.abs(value) / extreme : 0;
      isAbove[i] = value > 0 ? 1 : 0;
      counts[i] = count;
    }
    return extreme;
  }

  /** Tries all candidates with this zero point; a negative scale swaps the sides. */
  #sweep(length: number, zeroPoint: number, sign: 1 | -1): void {
    const sizes = this.#sizes;
    const counts = this.#counts;
    const isAbove = this.#isAbove;
    const products = this.#products;
    const squares = this.#squares;
    const first = this.#first;
    const perStep = 1 / this.#step;
    const isWhole = !this.#isNf4;
    const above = isWhole ? WHOLE : NF4_ABOVE;
    const below = isWhole ? WHOLE : NF4_BELOW;
    const aboveTop = isWhole ? this.#top - zeroPoint : NF4_ABOVE.levels.length - 1;
    const belowTop = isWhole ? zeroPoint : NF4_BELOW.levels.length - 1;
    const upper = sign > 0 ? 1 : 0;
    products.fill(0);
    squares.fill(0);
    let product = 0;
    let square = 0;
    for (let i = 0; i < length; i++) {
      const size = sizes[i] ?? 0;
      if (size === 0) continue;
      const count = counts[i] ?? 0;
      const isUp = isAbove[i] === upper;
      const levels = isUp ? above.levels : below.levels;
      const middles = isUp ? above.middles : below.middles;
      const top = isUp ? aboveTop : belowTop;
      let k = 0;
      if (isWhole) {
        k = (size * first + 0.5) | 0;
        if (k > top) k = top;
        product += count * size * k;
        square += count * k * k;
      }
      const scaled = perStep / size;
      const offset = first * perStep;
      for (let level = levels[k] ?? 0; k < top; k++) {
        const at = (middles[k] ?? 0) * scaled - offset;
        if (at >= CANDIDATES - 1) break;
        const next = levels[k + 1] ?? 0;
        const by = count * (next - level);
        if (at <= 0) {
          product += by * size;
          square += by * (next + level);
        } else {
          const candidate = (at | 0) + 1;
          products[candidate] = (products[candidate] ?? 0) + by * size;
          squares[candidate] = (squares[candidate] ?? 0) + by * (next + level);
        }
        level = next;
      }
    }
    let gain = this.#gain;
    let found = 0;
    for (let j = 0; j < CANDIDATES; j++) {
      product += products[j] ?? 0;
      square += squares[j] ?? 0;
      // Compares product² / square with gain without a division; a square of 0 never wins.
      if (product * product > gain * square) {
        gain = (product * product) / square;
        found = product / square;
      }
    }
    if (found === 0) return;
    this.#gain = gain;
    this.#found = sign * found;
    this.#zeroPoint = zeroPoint;
  }

  /** Computes the nearest codes of the block. */
  #encode(start: number, end: number, inverse: number, zeroPoint: number): void {
    if (this.#isNf4) nf4Codes(this.#values, start, end, inverse, this.#codes, 0);
    else wholeCodes(this.#values, start, end, inverse, zeroPoint, this.#top, this.#codes, 0);
  }

  /** Least-squares scale for the current codes; 0 if all are zero. */
  #fit(start: number, end: number, column: number, zeroPoint: number): number {
    const values = this.#values;
    const importance = this.#importance;
    const codes = this.#codes;
    const isNf4 = this.#isNf4;
    let product = 0;
    let square = 0;
    for (let i = 0; i < end - start; i++) {
      const code = codes[i] ?? 0;
      const level = isNf4 ? (NF4_LEVELS[code] ?? 0) : code - zeroPoint;
      const weighed = level * (importance[column + i] ?? 0);
      product += weighed * (values[start + i] ?? 0);
      square += weighed * level;
    }
    return square === 0 ? 0 : product / square;
  }

  /** Error of the dequantized float32 weights. codes[at] belongs to values[start]. */
  #error(
    codes: Uint8Array,
    at: number,
    start: number,
    end: number,
    column: number,
    scale: number,
    zeroPoint: number,
  ): number {
    const values = this.#values;
    const importance = this.#importance;
    const isNf4 = this.#isNf4;
    let sum = 0;
    for (let i = 0; i < end - start; i++) {
      const code = codes[at + i] ?? 0;
      const level = isNf4 ? (NF4_LEVELS[code] ?? 0) : code - zeroPoint;
      const error = (values[start + i] ?? 0) - Math.fround(level * scale);
      sum += error * error * (importance[column + i] ?? 0);
    }
    return sum;
  }
}
