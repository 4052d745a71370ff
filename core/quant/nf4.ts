/**
 * NormalFloat4 (Dettmers et al. 2023, arXiv 2305.14314): 16 levels, quantiles of the normal distribution, scaled by the largest
 * magnitude of the block. The levels are those of bitsandbytes' table.
 */

export const NF4_LEVELS = new Float32Array([
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
]);

/** The code of 0. */
export const NF4_ZERO = 7;

/** Midpoints between adjacent levels; Infinity for the last. */
const MIDDLES = Float64Array.from(NF4_LEVELS, (level, i) => (level + (NF4_LEVELS[i + 1] ?? Infinity)) / 2);

/** Cells of [−1, 1], narrower than the distance between two levels, so that a cell contains at most one midpoint. */
const CELLS = 64;
/** Code at the lower end of each cell; the extra last entry is for the value 1. */
const CODE_AT = Uint8Array.from({ length: CELLS + 1 }, (_, cell) => {
  const value = (2 * cell) / CELLS - 1;
  return MIDDLES.findIndex((middle) => value <= middle);
});

/**
 * The code whose level is nearest to each of values[start … end) · inverseScale, into `codes` from `at` on. Values outside
 * −1 … 1 get the nearest end level; at a midpoint the lower level is chosen, as in bitsandbytes.
 */
export function nf4Codes(
  values: Float32Array,
  start: number,
  end: number,
  inverseScale: number,
  codes: Uint8Array,
  at: number,
): void {
  for (let i = start; i < end; i++) {
    const value = (values[i] ?? 0) * inverseScale;
    const inside = value > 1 ? 1 : value < -1 ? -1 : value;
    const code = CODE_AT[((inside + 1) * (CELLS / 2)) | 0] ?? 0;
    codes[at + i - start] = inside > (MIDDLES[code] ?? 0) ? code + 1 : code;
  }
}
