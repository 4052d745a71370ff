/**
 * Method `round`: computes the scale from the extremes of the block, then rounds weights to the nearest code.
 *
 * Symmetric: scale = weight of largest magnitude, with its sign, divided by −2^(bits−1), as in MLAS (q4_dq.cpp) and ggml
 * (q4_0). The code range −8…7 is asymmetric, and this places the largest weight on the longer side. At 2 bits the levels
 * are the largest weight, half of it, zero, and half of it with the opposite sign.
 *
 * With zero points: the codes span the smallest to the largest weight and include zero, as in MLAS. The zero point is an
 * integer, so the error is at most half a step, also at either end. (The rounding of fp16 scales adds to it; weights beyond
 * 2^126 could overflow float32.)
 *
 * nf4: scale = largest magnitude, as in bitsandbytes.
 */
import { checkRows, CODE_BITS, roundToHalf, type BlockForm, type Blocks } from './form.ts';
import { nf4Codes } from './nf4.ts';

/**
 * `values` is [rows, columns] row-major and must be finite.
 * @throws RangeError if the values are not whole rows
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
      if (value > highest) highest = value;
      else if (value < lowest) lowest = value;
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

/** End of the block that begins at `start`, as indices into the whole matrix. A block never spans two rows. */
export function blockEnd(start: number, columns: number, blockSize: number): number {
  const rowEnd = start - (start % columns) + columns;
  return start + blockSize < rowEnd ? start + blockSize : rowEnd;
}

/** 1 / scale; 0 for a scale of zero (also if rounded to zero), so that every code becomes that of zero. */
export function inverseOf(scale: number): number {
  return scale === 0 ? 0 : 1 / scale;
}

/** The nearest codes 0 … top to values[start … end) · inverse + zeroPoint, into `codes` from `at` on; ties round up. */
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
    // `| 0` truncates; that is correct, since negative results are clamped to 0.
    const code = ((values[i] ?? 0) * inverse + zeroPoint + 0.5) | 0;
    codes[to + i] = code < 0 ? 0 : code > top ? top : code;
  }
}
