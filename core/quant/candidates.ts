/**
 * The candidates of method `search` for the scale of one block: their sums Σwxq and Σwq², computed in one pass over the
 * block (see `search.ts`).
 */
import { CODE_BITS, type BlockFormatName } from './form.ts';
import { NF4_LEVELS, NF4_ZERO } from './nf4.ts';

/** Number of scales tried for each zero point. */
const CANDIDATES = 48;

/**
 * Candidate range of 1/s, relative to the 1/s from the extremes. Contains the optimum of nearly every block of real
 * matrices.
 */
const WINDOW: Readonly<Record<BlockFormatName, readonly [number, number]>> = {
  q2: [0.6, 1.8],
  q3: [0.65, 1.3],
  q4: [0.75, 1.15],
  nf4: [0.55, 1.15],
  q8: [0.8, 1.02],
};
/** Factor that widens the range if columns have different importance: clipping the largest weight may then be best. */
const WIDER = 1.5;

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

const NF4_ABOVE = side([...NF4_LEVELS.subarray(NF4_ZERO)]);
const NF4_BELOW = side([...NF4_LEVELS.subarray(0, NF4_ZERO + 1)].map(Math.abs).reverse());

/** Sums of a candidate for both signs of the scale: Σwxq and Σwq² with a positive one, the same with a negative one. */
const SUMS = 4;

export class Candidates {
  /** Best so far: (Σwxq)² / Σwq², the scale Σwxq / Σwq² relative to the largest weight, and the zero point. */
  gain = 0;
  found = 0;
  zeroPoint = 0;

  readonly #isNf4: boolean;
  /** The largest code. */
  readonly #top: number;
  /** Candidate range of 1/s. */
  readonly #least: number;
  readonly #most: number;
  readonly #importance: Float32Array | undefined;

  /** Per weight of the block that is not zero: |x| / largest relevant |x|, importance, and whether x > 0. */
  readonly #sizes: Float64Array;
  readonly #counts: Float64Array;
  readonly #isAbove: Uint8Array;
  /** Per weight, with whole levels: its level at the first candidate, and the candidates between two of its levels. */
  readonly #levels: Int32Array;
  readonly #spans: Float64Array;
  #length = 0;
  /** Per candidate: increments of the sums. Zero between sweeps. */
  readonly #sums = new Float64Array(CANDIDATES * SUMS);
  /** Candidates are first + index / perStep, in code steps of the largest weight. */
  #first = 0;
  #perStep = 0;

  /** @param importance of the columns; undefined: 1 */
  constructor(format: BlockFormatName, blockSize: number, importance: Float32Array | undefined) {
    this.#isNf4 = format === 'nf4';
    this.#top = 2 ** CODE_BITS[format] - 1;
    const [least, most] = WINDOW[format];
    this.#least = least;
    this.#most = importance ? most * WIDER : most;
    this.#importance = importance;
    this.#sizes = new Float64Array(blockSize);
    this.#counts = new Float64Array(blockSize);
    this.#isAbove = new Uint8Array(blockSize);
    this.#levels = new Int32Array(blockSize);
    this.#spans = new Float64Array(blockSize);
  }

  /**
   * Reads a block, values[start … end), whose first weight is in `column`.
   * @param extreme its largest magnitude with importance above 0
   * @param given level of that weight with the scale from the extremes
   */
  read(values: Float32Array, start: number, end: number, column: number, extreme: number, given: number): void {
    this.gain = 0;
    const first = given * this.#least;
    const step = (given * (this.#most - this.#least)) / (CANDIDATES - 1);
    const perStep = 1 / step;
    this.#first = first;
    this.#perStep = perStep;
    const importance = this.#importance;
    const sizes = this.#sizes;
    const counts = this.#counts;
    const isAbove = this.#isAbove;
    const levels = this.#levels;
    const spans = this.#spans;
    let length = 0;
    for (let i = start; i < end; i++) {
      const value = values[i] ?? 0;
      const count = importance ? (importance[column + i - start] ?? 0) : 1;
      const size = count > 0 ? Math.abs(value) / extreme : 0;
      if (size === 0) continue;
      sizes[length] = size;
      counts[length] = count;
      isAbove[length] = value > 0 ? 1 : 0;
      levels[length] = (size * first + 0.5) | 0;
      spans[length] = perStep / size;
      length++;
    }
    this.#length = length;
  }

  /** Tries all candidates with this zero point, and with `both` the negative scales too, which swap the sides. */
  sweep(zeroPoint: number, both: boolean): void {
    if (this.#isNf4) {
      this.#sweepNf4(zeroPoint, 1);
      if (both) this.#sweepNf4(zeroPoint, -1);
    } else if (both) this.#sweepBoth(zeroPoint);
    else this.#sweepWhole(zeroPoint);
  }

  /** Whole levels, positive scales. */
  #sweepWhole(zeroPoint: number): void {
    const sizes = this.#sizes;
    const counts = this.#counts;
    const isAbove = this.#isAbove;
    const starts = this.#levels;
    const spans = this.#spans;
    const sums = this.#sums;
    const offset = this.#first * this.#perStep;
    const aboveTop = this.#top - zeroPoint;
    let product = 0;
    let square = 0;
    for (let i = 0, length = this.#length; i < length; i++) {
      const size = sizes[i] ?? 0;
      const count = counts[i] ?? 0;
      const top = isAbove[i] === 1 ? aboveTop : zeroPoint;
      const start = starts[i] ?? 0;
      let k = start > top ? top : start;
      product += count * size * k;
      square += count * k * k;
      const span = spans[i] ?? 0;
      const by = count * size;
      for (; k < top; k++) {
        const at = (k + 0.5) * span - offset;
        if (at >= CANDIDATES - 1) break;
        const bySquare = count * (2 * k + 1);
        if (at <= 0) {
          product += by;
          square += bySquare;
        } else {
          const sum = ((at | 0) + 1) * SUMS;
          sums[sum] = (sums[sum] ?? 0) + by;
          sums[sum + 1] = (sums[sum + 1] ?? 0) + bySquare;
        }
      }
    }
    this.#take(zeroPoint, 1, product, square);
  }

  /** Whole levels, both signs in one pass: only weights beyond the shorter side differ between them. */
  #sweepBoth(zeroPoint: number): void {
    const sizes = this.#sizes;
    const counts = this.#counts;
    const isAbove = this.#isAbove;
    const starts = this.#levels;
    const spans = this.#spans;
    const sums = this.#sums;
    const offset = this.#first * this.#perStep;
    const aboveTop = this.#top - zeroPoint;
    let product = 0;
    let square = 0;
    let negativeProduct = 0;
    let negativeSquare = 0;
    for (let i = 0, length = this.#length; i < length; i++) {
      const size = sizes[i] ?? 0;
      const count = counts[i] ?? 0;
      const isUp = isAbove[i] === 1;
      const top = isUp ? aboveTop : zeroPoint;
      const negativeTop = isUp ? zeroPoint : aboveTop;
      const start = starts[i] ?? 0;
      const own = start > top ? top : start;
      product += count * size * own;
      square += count * own * own;
      const negative = start > negativeTop ? negativeTop : start;
      negativeProduct += count * size * negative;
      negativeSquare += count * negative * negative;
      const span = spans[i] ?? 0;
      const by = count * size;
      const most = top > negativeTop ? top : negativeTop;
      for (let k = start; k < most; k++) {
        const at = (k + 0.5) * span - offset;
        if (at >= CANDIDATES - 1) break;
        const bySquare = count * (2 * k + 1);
        if (at <= 0) {
          if (k < top) {
            product += by;
            square += bySquare;
          }
          if (k < negativeTop) {
            negativeProduct += by;
            negativeSquare += bySquare;
          }
        } else {
          const sum = ((at | 0) + 1) * SUMS;
          if (k < top) {
            sums[sum] = (sums[sum] ?? 0) + by;
            sums[sum + 1] = (sums[sum + 1] ?? 0) + bySquare;
          }
          if (k < negativeTop) {
            sums[sum + 2] = (sums[sum + 2] ?? 0) + by;
            sums[sum + 3] = (sums[sum + 3] ?? 0) + bySquare;
          }
        }
      }
    }
    this.#take(zeroPoint, 1, product, square);
    this.#take(zeroPoint, -1, negativeProduct, negativeSquare);
  }

  #sweepNf4(zeroPoint: number, sign: 1 | -1): void {
    const sums = this.#sums;
    const offset = this.#first * this.#perStep;
    const upper = sign > 0 ? 1 : 0;
    const shift = sign > 0 ? 0 : 2;
    let product = 0;
    let square = 0;
    for (let i = 0; i < this.#length; i++) {
      const size = this.#sizes[i] ?? 0;
      const count = this.#counts[i] ?? 0;
      const { levels, middles } = this.#isAbove[i] === upper ? NF4_ABOVE : NF4_BELOW;
      const span = this.#spans[i] ?? 0;
      let level = 0;
      for (let k = 0; k < levels.length - 1; k++) {
        const at = (middles[k] ?? 0) * span - offset;
        if (at >= CANDIDATES - 1) break;
        const next = levels[k + 1] ?? 0;
        const by = count * (next - level);
        if (at <= 0) {
          product += by * size;
          square += by * (next + level);
        } else {
          const sum = ((at | 0) + 1) * SUMS + shift;
          sums[sum] = (sums[sum] ?? 0) + by * size;
          sums[sum + 1] = (sums[sum + 1] ?? 0) + by * (next + level);
        }
        level = next;
      }
    }
    this.#take(zeroPoint, sign, product, square);
  }

  /** Takes the best candidate of a sweep if it is better than the best so far, and clears the sums. */
  #take(zeroPoint: number, sign: 1 | -1, product: number, square: number): void {
    const sums = this.#sums;
    let gain = this.gain;
    let found = 0;
    for (let sum = sign > 0 ? 0 : 2; sum < CANDIDATES * SUMS; sum += SUMS) {
      product += sums[sum] ?? 0;
      square += sums[sum + 1] ?? 0;
      sums[sum] = 0;
      sums[sum + 1] = 0;
      // Compares product² / square with gain without a division; a square of 0 never wins.
      if (product * product > gain * square) {
        gain = (product * product) / square;
        found = product / square;
      }
    }
    if (found === 0) return;
    this.gain = gain;
    this.found = sign * found;
    this.zeroPoint = zeroPoint;
  }
}
