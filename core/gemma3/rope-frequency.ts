/** Bits behind the binary point: far more than a double has, so that the last rounding decides. */
const BITS = 160n;
const ONE = 1n << BITS;

/**
 * theta^(−i / half) for i = 0 … half − 1, each the nearest double. Engines differ in the last bit of `Math.pow`, and the tables of a package
 * must be the same bytes wherever it is made: this uses whole numbers alone.
 * @param theta positive @param half at least 1
 */
export function ropeFrequencies(theta: number, half: number): number[] {
  // Newton's iteration for y with theta · y^half = 1; each step doubles the digits of the first guess.
  const scaledTheta = toFixed(theta);
  let root = toFixed(Math.pow(theta, -1 / half));
  for (let step = 0; step < 4; step++) {
    const missing = ONE - multiply(scaledTheta, power(root, half));
    root += multiply(root, missing) / BigInt(half);
  }
  const frequencies: number[] = [];
  for (let i = 0, value = ONE; i < half; i++, value = multiply(value, root)) frequencies.push(toDouble(value));
  return frequencies;
}

const multiply = (a: bigint, b: bigint): bigint => (a * b) >> BITS;

function power(base: bigint, exponent: number): bigint {
  let result = ONE;
  for (let rest = exponent, square = base; rest > 0; rest = Math.floor(rest / 2), square = multiply(square, square))
    if (rest % 2 === 1) result = multiply(result, square);
  return result;
}

/** With 53 bits behind the point: all that a theta has, and enough for a first guess. */
function toFixed(value: number): bigint {
  const whole = Math.floor(value);
  return (BigInt(whole) << BITS) + (BigInt(Math.floor((value - whole) * 2 ** 53)) << (BITS - 53n));
}

/** Rounds to the nearest double: `Number` of a whole number does, and dividing by a power of two is exact. */
function toDouble(value: bigint): number {
  return Number(value) / 2 ** Number(BITS);
}
