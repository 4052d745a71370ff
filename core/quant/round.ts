/**
 * The scale from the extremes of the block, then the nearest code.
 *
 * Symmetric: the weight of largest magnitude, with its sign, over −2^(bits−1), as MLAS (q4_dq.cpp) and ggml (q4_0) choose
 * it: the code range −8…7 is lopsided, and so the largest weight always falls on the longer side. At 2 bits that leaves
 * the largest weight, its half, zero, and its half with the other sign.
 *
 * With zero points: the codes span least to greatest, and zero, as MLAS has it; the zero point is a whole number, so that
 * the span may be off by half a step at either end, and no weight by more. (With fp16 scales the rounding of the scale comes
 * on top; weights beyond 2^126 could be moved out of float32.)
 *
 * nf4: the largest magnitude, as bitsandbytes has it.
 */
import { checkRows, CODE_BITS, roundToHalf, type BlockForm, type Blocks } from './form.ts';
import { nf4Codes } from './nf4.ts';

/**
 * `values` is [rows, columns] row-major and must be finite.
 * @throws RangeError when the values are not whole rows
 */
export function roundBlocks(values: Float32Array, columns: number, form: BlockForm): Blocks {
  checkRows(values, columns);
  const { format, hasZeroPoints, blockSize } = form;
  const bits = CODE_BITS[format];
  const rowBlocks = Math.ceil(columns / blockSize);
  const top = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  const scales = new Float32Array((values.length / columns) * rowBlocks);
  const lows = hasZeroPoints ? new Float32Array(scales.length) : undefined;

  for (let block = 0, start = 0; block < scales.length; block++) {
    const end = blockEnd(start, columns, blockSize);
    let highest = 0;
    let lowest = 0;
    for (let i = start; i < end; i++) {
      const value = values[i] ?? 0;
      highest = Math.max(highest, value);
      lowest = Math.min(lowest, value);
    }
    if (lows) {
      lows[block] = lowest;
      scales[block] = (highest - lowest) / top;
    } else if (format === 'nf4') scales[block] = highest > -lowest ? highest : -lowest;
    else {
      const extreme = highest > -lowest ? highest : lowest;
      // 0 / −8 would be −0.
      scales[block] = extreme === 0 ? 0 : extreme / -middle;
    }
    start = end;
  }
  const scaleOverflow = form.scaleType === 'fp16' ? roundToHalf(scales) : -1;

  const codes = new Uint8Array(values.length);
  const zeroPoints = lows && new Uint8Array(lows.length);
  for (let block = 0, start = 0; block < scales.length; block++) {
    const end = blockEnd(start, columns, blockSize);
    const inverse = inverseOf(scales[block] ?? 0);
    if (format === 'nf4') nf4Codes(values, start, end, inverse, codes, start);
    else {
      let zeroPoint = middle;
      if (zeroPoints && lows) {
        zeroPoint = Math.min(Math.round(-(lows[block] ?? 0) * inverse), top);
        zeroPoints[block] = zeroPoint;
      }
      wholeCodes(values, start, end, inverse, zeroPoint, top, codes, start);
    }
    start = end;
  }
  return { codes, scales, zeroPoints, scaleOverflow };
}

/** The end of the block that begins at `start`, an index into the whole matrix: a block does not reach into the next row. */
export function blockEnd(start: number, columns: number, blockSize: number): number {
  const rowEnd = start - (start % columns) + columns;
  return start + blockSize < rowEnd ? start + blockSize : rowEnd;
}

/** A scale that is zero, in fp32 or once rounded, stands for a block of zeros: every code is that of zero. */
export function inverseOf(scale: number): number {
  return scale === 0 ? 0 : 1 / scale;
}

/** The nearest codes 0 … top to values[start … end) · inverse + zeroPoint, into `codes` from `at` on; half way, the upper. */
export function wholeCodes(
  values: Float32Array,
  start: number,
  end: number,
  inverse: number,
  zeroPoint: number,
  top: number,
  codes: Uint8Array,
  at: number,
): void {
  const to = at - start;
  for (let i = start; i < end; i++) {
    // `| 0` rounds down what is positive, and what is negative becomes 0 anyway.
    const code = ((values[i] ?? 0) * inverse + zeroPoint + 0.5) | 0;
    codes[to + i] = code < 0 ? 0 : code > top ? top : code;
  }
}
