/** Rows of a matrix as the checkpoint's file has them, and what quantizes them: so that decoding is not left to the thread that reads. */
import { quantizeRows, type BlockFormat, type QuantizedRows } from '../quant/blocks.ts';
import type { QuantMethod } from '../quant/settings.ts';
import { decodeFloats, type FloatDtype } from '../safetensors/dtype.ts';
import { DTYPE_BYTES } from '../safetensors/header.ts';

export interface StoredRows {
  /** Whole rows. */
  bytes: Uint8Array<ArrayBuffer>;
  dtype: FloatDtype;
  /** Of the file; the quantized matrix may have more, which are zeros. */
  columns: number;
}

/** A NaN or an infinity among stored rows. */
export class NotFiniteError extends Error {
  /** @param index of the value in the rows */
  constructor(
    readonly index: number,
    readonly value: number,
  ) {
    super(`${value} at ${index}`);
    this.name = 'NotFiniteError';
  }
}

/** @returns the index of the first value that is NaN or infinite, or −1 */
export function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    // value − value is not 0 only for NaN and ±Infinity.
    if (value - value !== 0) return i;
  }
  return -1;
}

/** [rows, from] → [rows, to], padded with zeros. */
export function widenRows(values: Float32Array, from: number, to: number): Float32Array {
  const rows = values.length / from;
  const wide = new Float32Array(rows * to);
  for (let row = 0; row < rows; row++) wide.set(values.subarray(row * from, (row + 1) * from), row * to);
  return wide;
}

/** Decodes and quantizes rows, piece after piece, with the same memory for the decoded values. */
export class StoredRowQuantizer {
  #values = new Float32Array(0);

  /** @param columns of the quantized matrix @throws NotFiniteError; RangeError as `quantizeRows` */
  quantize(
    { bytes, dtype, columns: own }: StoredRows,
    columns: number,
    format: BlockFormat,
    method: QuantMethod,
  ): QuantizedRows {
    const count = bytes.byteLength / DTYPE_BYTES[dtype];
    if (this.#values.length < count) this.#values = new Float32Array(count);
    const values = decodeFloats(bytes, dtype, this.#values.subarray(0, count));
    const index = firstNotFinite(values);
    if (index >= 0) throw new NotFiniteError(index, values[index] ?? NaN);
    return quantizeRows(own === columns ? values : widenRows(values, own, columns), columns, format, method);
  }
}
