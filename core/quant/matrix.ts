/** Quantizes and dequantizes matrices: one representation for all formats of `settings.ts`. */
import { decodeFloats, encodeHalf } from '../safetensors/dtype.ts';
import { checkRows, CODE_BITS, type BlockForm, type Blocks, type BlockFormatName, type ScaleType } from './form.ts';
import { NF4_LEVELS } from './nf4.ts';
import type { CodeBits } from './pack.ts';
import { blockEnd, roundBlocks } from './round.ts';
import { searchBlocks } from './search.ts';
import type { QuantMethod, QuantSettings } from './settings.ts';

export type QuantizedMatrix = BlockMatrix | HalfMatrix;

/**
 * A weight is (code − zero point) · scale, rounded to float32, or for nf4 levels[code] · scale. If `columns` is not a multiple
 * of `blockSize`, the last block of every row is shorter and has its own scale.
 */
export interface BlockMatrix {
  type: 'blocks';
  format: BlockFormatName;
  bits: CodeBits;
  rows: number;
  columns: number;
  blockSize: number;
  /** [rows, columns], one code per byte; `pack.ts` packs them into bits. */
  codes: Uint8Array;
  /** [rows, ⌈columns / blockSize⌉] */
  scales: Float32Array;
  scaleType: ScaleType;
  /** [rows, ⌈columns / blockSize⌉]; undefined: 2^(bits−1) for every block; nf4 has none. */
  zeroPoints: Uint8Array | undefined;
  /** nf4 only: levels of the codes, before scaling. */
  levels: Float32Array | undefined;
}

export interface HalfMatrix {
  type: 'halves';
  format: 'fp16';
  rows: number;
  columns: number;
  /** [rows, columns], IEEE 754 binary16. */
  halves: Uint16Array;
}

export interface QuantizeOptions {
  /** Default: fp16, as packages store them. */
  scaleType?: ScaleType;
  /** [columns], not negative: weight of the squared error in each column (`search` only; default: all 1). */
  importance?: Float32Array;
}

/**
 * `values` is [rows, columns] row-major.
 * @throws RangeError that names the position: values not whole rows, not finite or too large for fp16; importance of another
 *   length, negative or not finite
 */
export function quantize(
  values: Float32Array,
  columns: number,
  settings: QuantSettings,
  options: QuantizeOptions = {},
): QuantizedMatrix {
  checkRows(values, columns);
  checkFinite(values, columns);
  const { format, symmetric, blockSize, method } = settings;
  const rows = values.length / columns;
  if (format === 'fp16') {
    const halves = new Uint16Array(values.length);
    const overflow = encodeHalf(values, halves);
    if (overflow >= 0) throw new RangeError(`${place(overflow, columns)}: ${values[overflow]} does not fit fp16`);
    return { type: 'halves', format, rows, columns, halves };
  }
  const form: BlockForm = {
    ...{ format, blockSize, scaleType: options.scaleType ?? 'fp16' },
    hasZeroPoints: format !== 'nf4' && !symmetric,
  };
  const { codes, scales, zeroPoints, scaleOverflow } = quantizeBlocks(
    values,
    columns,
    form,
    method,
    options.importance,
  );
  if (scaleOverflow >= 0) {
    const row = Math.floor((scaleOverflow * rows) / scales.length);
    throw new RangeError(`row ${row}: the scale of a block does not fit fp16`);
  }
  return {
    ...{ type: 'blocks', format, bits: CODE_BITS[format], rows, columns, blockSize, codes, scales, zeroPoints },
    ...{ scaleType: form.scaleType, levels: format === 'nf4' ? NF4_LEVELS : undefined },
  };
}

/** As `quantize`, for formats with blocks and values known to be finite. */
export function quantizeBlocks(
  values: Float32Array,
  columns: number,
  form: BlockForm,
  method: QuantMethod,
  importance?: Float32Array,
): Blocks {
  if (importance) checkImportance(importance, columns);
  const blocks = roundBlocks(values, columns, form);
  if (method === 'search' && blocks.scaleOverflow < 0) searchBlocks(values, columns, form, blocks, importance);
  return blocks;
}

/** Dequantized weights, [rows, columns]. */
export function dequantize(matrix: QuantizedMatrix): Float32Array<ArrayBuffer> {
  const { rows, columns } = matrix;
  const values = new Float32Array(rows * columns);
  if (matrix.type === 'halves') {
    const { buffer, byteOffset, byteLength } = matrix.halves;
    decodeFloats(new Uint8Array(buffer, byteOffset, byteLength), 'F16', values);
    return values;
  }
  const { codes, scales, zeroPoints, levels, blockSize, bits } = matrix;
  const middle = 2 ** (bits - 1);
  for (let block = 0, start = 0; block < scales.length; block++) {
    const end = blockEnd(start, columns, blockSize);
    const scale = scales[block] ?? NaN;
    if (levels) for (let i = start; i < end; i++) values[i] = (levels[codes[i] ?? 0] ?? NaN) * scale + 0;
    else {
      const zeroPoint = zeroPoints?.[block] ?? middle;
      // A negative scale gives −0 for zero; + 0 converts it to 0.
      for (let i = start; i < end; i++) values[i] = ((codes[i] ?? 0) - zeroPoint) * scale + 0;
    }
    start = end;
  }
  return values;
}

function checkFinite(values: Float32Array, columns: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    // value − value is not 0 only for NaN and ±Infinity.
    if (value - value !== 0) throw new RangeError(`${place(i, columns)} is ${value}: the matrix is damaged`);
  }
}

function checkImportance(importance: Float32Array, columns: number): void {
  if (importance.length !== columns)
    throw new RangeError(`importance of ${importance.length} columns for a matrix of ${columns}`);
  const wrong = importance.findIndex((value) => !(value >= 0 && value < Infinity));
  if (wrong >= 0) throw new RangeError(`importance of column ${wrong} is ${importance[wrong]}`);
}

function place(index: number, columns: number): string {
  return `row ${Math.floor(index / columns)}, column ${index % columns}`;
}
