/** Compares what a device computed with what it should have. */

/**
 * How different two lists may be (`difference`). Precision alone stays far below: float16 changes
 * the logits of the test fixture by 0.002. A wrong kernel gives values that have nothing to do with the right ones, about 1.
 */
export const MOST_DIFFERENCE = 0.1;

/** Precision alone may make this much of a difference (float16: 0.002 on the test fixture). */
const LEAST_LIMIT = 0.02;

/**
 * How different logits after an image may be, so that an image that does not arrive, or not whole, is noticed although the last words
 * alone decide most of the logits. @param effect difference where the image is missing
 */
export function mostImageDifference(effect: number): number {
  return Math.min(MOST_DIFFERENCE, Math.max(LEAST_LIMIT, effect / 4));
}

/**
 * ‖got − want‖ / ‖want − mean(want)‖: 0 for equal lists, about 1 and more for unrelated ones. Infinity where a value is no number, or
 * where the lists have different lengths.
 */
export function difference(got: ArrayLike<number>, want: readonly number[]): number {
  if (got.length !== want.length) return Infinity;
  const mean = want.reduce((sum, value) => sum + value, 0) / want.length;
  let apart = 0;
  let spread = 0;
  for (const [at, value] of want.entries()) {
    apart += ((got[at] ?? NaN) - value) ** 2;
    spread += (value - mean) ** 2;
  }
  if (!Number.isFinite(apart)) return Infinity;
  if (spread === 0) return apart === 0 ? 0 : Infinity;
  return Math.sqrt(apart / spread);
}

/** @returns `count` places from 0 to `length` − 1 at equal distances; all of them where there are fewer */
export function spacedPlaces(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, at) => at);
  return Array.from({ length: count }, (_, at) => Math.floor((at * length) / count));
}

/** `count` of `values` at equal distances. */
export function sampled(values: ArrayLike<number>, count: number): number[] {
  return spacedPlaces(values.length, count).map((at) => values[at] ?? NaN);
}
