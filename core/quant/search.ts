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
import { Candidates } from './candidates.ts';
import { CODE_BITS, roundToHalf, type BlockForm, type Blocks } from './form.ts';
import { NF4_LEVELS, NF4_ZERO, nf4Codes } from './nf4.ts';
import { blockEnd, inverseOf, wholeCodes } from './round.ts';

/** Zero points tried on either side of the one from the extremes. */
const ZERO_POINT_REACH = 1;

/** Improves scales, zero points and codes in place. A block changes only if its error decreases. */
export function searchBlocks(
  values: Float32Array,
  columns: number,
  form: BlockForm,
  blocks: Blocks,
  importance: Float32Array | undefined,
): void {
  const search = new BlockSearch(values, form, blocks, importance);
  for (let block = 0, start = 0; block < blocks.scales.length; block++) {
    const end = blockEnd(start, columns, form.blockSize);
    search.improve(block, start, end, start % columns);
    start = end;
  }
}

class BlockSearch {
  readonly #values: Float32Array;
  readonly #blocks: Blocks;
  readonly #importance: Float32Array | undefined;
  readonly #isNf4: boolean;
  readonly #isHalf: boolean;
  /** The largest code, and the code of zero without zero points. */
  readonly #top: number;
  readonly #middle: number;
  readonly #candidates: Candidates;
  readonly #codes: Uint8Array;
  readonly #scale = new Float32Array(1);

  constructor(values: Float32Array, form: BlockForm, blocks: Blocks, importance: Float32Array | undefined) {
    this.#values = values;
    this.#blocks = blocks;
    this.#importance = importance;
    this.#isNf4 = form.format === 'nf4';
    this.#isHalf = form.scaleType === 'fp16';
    this.#top = 2 ** CODE_BITS[form.format] - 1;
    this.#middle = this.#isNf4 ? NF4_ZERO : (this.#top + 1) / 2;
    this.#candidates = new Candidates(form.format, form.blockSize, importance);
    this.#codes = new Uint8Array(form.blockSize);
  }

  improve(block: number, start: number, end: number, column: number): void {
    const { scales, zeroPoints, codes } = this.#blocks;
    const scale = scales[block] ?? 0;
    // All zeros, or so small that the scale underflows.
    if (scale === 0) return;
    const extreme = this.#extreme(start, end, column);
    if (extreme === 0) return;
    const candidates = this.#candidates;
    const given = zeroPoints ? extreme / scale : this.#isNf4 ? 1 : this.#middle;
    candidates.read(this.#values, start, end, column, extreme, given);
    const rounded = zeroPoints?.[block];
    if (rounded === undefined) candidates.sweep(this.#middle, true);
    else {
      const from = Math.max(0, rounded - ZERO_POINT_REACH);
      const to = Math.min(this.#top, rounded + ZERO_POINT_REACH);
      for (let zeroPoint = from; zeroPoint <= to; zeroPoint++) candidates.sweep(zeroPoint, false);
    }
    if (candidates.gain === 0) return;

    const { zeroPoint } = candidates;
    const found = candidates.found * extreme;
    this.#encode(start, end, inverseOf(found), zeroPoint);
    this.#scale[0] = this.#fit(start, end, column, zeroPoint);
    if (this.#isHalf && roundToHalf(this.#scale) >= 0) return;
    const stored = this.#scale[0] ?? 0;
    this.#encode(start, end, inverseOf(stored), zeroPoint);
    const error = this.#error(this.#codes, 0, start, end, column, stored, zeroPoint);
    if (!(error < this.#error(codes, start, start, end, column, scale, rounded ?? this.#middle))) return;
    scales[block] = stored;
    if (zeroPoints) zeroPoints[block] = zeroPoint;
    for (let i = 0; i < end - start; i++) codes[start + i] = this.#codes[i] ?? 0;
  }

  /** Largest magnitude of a block with importance above 0. */
  #extreme(start: number, end: number, column: number): number {
    const values = this.#values;
    const importance = this.#importance;
    let extreme = 0;
    for (let i = start; i < end; i++) {
      const size = Math.abs(values[i] ?? 0);
      if (size > extreme && (importance === undefined || (importance[column + i - start] ?? 0) > 0)) extreme = size;
    }
    return extreme;
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
      const weighed = importance ? level * (importance[column + i] ?? 0) : level;
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
      sum += importance ? error * error * (importance[column + i] ?? 0) : error * error;
    }
    return sum;
  }
}
