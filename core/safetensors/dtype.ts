/**
 * Floating-point formats of checkpoints. All bytes are little-endian. Typed array views assume a little-endian machine, which
 * holds for all supported platforms.
 */
import type { TensorDtype } from './header.ts';

export type FloatDtype = 'F32' | 'F16' | 'BF16';

export function isFloatDtype(dtype: TensorDtype): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** @throws RangeError when `bytes` is not a whole number of elements, or does not match the length of `out`. */
export function decodeFloats(bytes: Uint8Array, dtype: FloatDtype, out?: Float32Array): Float32Array {
  const size = dtype === 'F32' ? 4 : 2;
  const count = bytes.byteLength / size;
  if (!Number.isInteger(count)) throw new RangeError(`${bytes.byteLength} bytes are not a whole number of ${dtype}`);
  const values = out ?? new Float32Array(count);
  if (values.length !== count) throw new RangeError(`${count} values do not fit ${values.length} places`);
  if (dtype === 'F32') {
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes);
    return values;
  }
  const halves = asUint16(bytes);
  if (dtype === 'BF16') {
    // bfloat16 is the upper half of a float32.
    const bits = new Uint32Array(values.buffer, values.byteOffset, count);
    for (let i = 0; i < count; i++) bits[i] = (halves[i] ?? 0) << 16;
  } else {
    halfTable ??= makeHalfTable();
    for (let i = 0; i < count; i++) values[i] = halfTable[halves[i] ?? 0] ?? NaN;
  }
  return values;
}

/**
 * IEEE 754 binary16, round to nearest, ties to even; subnormals are kept.
 * @returns the index of the first finite value that is too large (|x| ≥ 65520, stored as infinity), or -1.
 */
export function encodeHalf(values: Float32Array, out: Uint16Array): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let overflow = -1;
  for (let i = 0; i < values.length; i++) {
    const x = bits[i] ?? 0;
    const sign = (x >>> 16) & 0x8000;
    const magnitude = x & 0x7fffffff;
    let half: number;
    if (magnitude >= 0x7f800000) {
      half = magnitude === 0x7f800000 ? 0x7c00 : 0x7e00;
    } else if (magnitude >= 0x38800000) {
      // Normal in binary16. Rebias the exponent by 127 − 15 and drop 13 bits; a mantissa carry correctly increments the exponent.
      half = roundShift(magnitude - 0x38000000, 13);
      if (half >= 0x7c00) {
        half = 0x7c00;
        if (overflow < 0) overflow = i;
      }
    } else if (magnitude >= 0x33000000) {
      // Subnormal in binary16: units of 2^-24. With the implicit bit, mantissa · 2^(exponent − 150).
      const exponent = magnitude >>> 23;
      half = roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
    } else {
      half = 0;
    }
    out[i] = sign | half;
  }
  return overflow;
}

/**
 * bfloat16, round to nearest, ties to even. NaN stays NaN; a value beyond the largest bfloat16 becomes infinity.
 */
export function encodeBfloat16(values: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const x = bits[i] ?? 0;
    const isNaNBits = (x & 0x7fffffff) > 0x7f800000;
    out[i] = isNaNBits ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
}

/** value / 2^shift, round to nearest, ties to even; 0 < shift < 32 and value < 2^31. */
function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value - kept * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** A view if the bytes are aligned, otherwise a copy. */
function asUint16(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

let halfTable: Float32Array | undefined;

/** The value of each of the 65,536 binary16 bit patterns. */
function makeHalfTable(): Float32Array {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 31;
    const mantissa = bits & 0x3ff;
    if (exponent === 31) table[bits] = mantissa ? NaN : sign * Infinity;
    else if (exponent === 0) table[bits] = sign * mantissa * 2 ** -24;
    else table[bits] = sign * (1024 + mantissa) * 2 ** (exponent - 25);
  }
  return table;
}
