/** Reads a tensor in pieces of whole rows, so that memory does not grow with the tensor. */
import { newRow } from '../embedding/new-row.ts';
import { addLora } from '../lora/merge.ts';
import { decodeFloats } from '../safetensors/dtype.ts';
import { DTYPE_BYTES, SafetensorsError } from '../safetensors/header.ts';
import type { CheckpointTensor, NewRows } from './checkpoint.ts';
import { firstNotFinite } from './stored-rows.ts';

/** Bytes of the checkpoint per read, where this thread decodes them. */
const READ_BYTES = 2 ** 20;
/** Bytes of a transposed piece in float32; the whole tensor is read once for each piece. */
const PANEL_BYTES = 128 * 2 ** 20;

/**
 * Yields the rows of a matrix M in order as float32, several whole rows at a time. M is the tensor with its new rows (first
 * axis: rows, other axes: columns), or with `transposed` its transpose (two axes only). Every value is finite.
 * @throws SafetensorsError that names file, tensor and index of a NaN or infinity
 */
export function matrixRows(tensor: CheckpointTensor, transposed: boolean): AsyncGenerator<Float32Array> {
  return transposed ? transposedRows(tensor) : allRows(tensor);
}

/** Shape of the tensor with its new rows. */
export function tensorShape({ entry, newRows }: CheckpointTensor): number[] {
  const [rows = 1, ...rest] = entry.shape;
  return newRows ? [Math.max(rows, newRows.first + newRows.subwords.length), ...rest] : entry.shape;
}

async function* allRows(tensor: CheckpointTensor): AsyncGenerator<Float32Array> {
  for await (const piece of rowPieces(tensor, READ_BYTES))
    yield piece instanceof Float32Array ? piece : decodeRows(tensor, piece);
}

/** Whole rows as the file has them. */
export interface RowBytes {
  bytes: Uint8Array<ArrayBuffer>;
  /** First of them. */
  row: number;
}

/**
 * The rows of `matrixRows` in order, those of the file not decoded yet, new ones as float32.
 * @param readBytes of the file at a time
 */
export async function* rowPieces(tensor: CheckpointTensor, readBytes: number): AsyncGenerator<RowBytes | Float32Array> {
  const { newRows } = tensor;
  const [before, after] = storedParts(tensor);
  // Kept as they pass: on a server each of them would be a request of its own.
  const kept = newRows && new KeptRows(newRows);
  yield* storedRows(tensor, before, readBytes, kept);
  if (!newRows || !kept) return;
  yield* madeRows(tensor, newRows, kept);
  // Rows after the new tokens keep the values of the checkpoint.
  yield* storedRows(tensor, after, readBytes);
}

interface RowRange {
  begin: number;
  end: number;
}

/** Rows that are read from the file: those before the new ones, and those after them. */
function storedParts({ entry, newRows }: CheckpointTensor): [before: RowRange, after: RowRange] {
  const { rows } = matrixShape(entry.shape);
  const first = Math.min(rows, newRows?.first ?? rows);
  return [
    { begin: 0, end: first },
    { begin: newRows ? newRows.first + newRows.subwords.length : rows, end: rows },
  ];
}

/** Bytes of the file that `rowPieces` reads, in its order, each piece as long as it reads it. */
export function pieceRanges(tensor: CheckpointTensor, readBytes: number): { begin: number; end: number }[] {
  const { entry } = tensor;
  const rowBytes = rowBytesOf(tensor);
  const step = rowsPerRead(tensor, readBytes);
  return storedParts(tensor).flatMap(({ begin, end }) =>
    Array.from({ length: Math.max(0, Math.ceil((end - begin) / step)) }, (_, index) => {
      const row = begin + index * step;
      return {
        begin: entry.begin + row * rowBytes,
        end: entry.begin + Math.min(end, row + step) * rowBytes,
      };
    }),
  );
}

function rowBytesOf({ entry }: CheckpointTensor): number {
  return matrixShape(entry.shape).columns * DTYPE_BYTES[entry.dtype];
}

function rowsPerRead(tensor: CheckpointTensor, readBytes: number): number {
  return Math.max(1, Math.floor(readBytes / rowBytesOf(tensor)));
}

async function* storedRows(
  tensor: CheckpointTensor,
  { begin, end }: RowRange,
  readBytes: number,
  kept?: KeptRows,
): AsyncGenerator<RowBytes> {
  if (begin >= end) return;
  const rowBytes = rowBytesOf(tensor);
  const step = rowsPerRead(tensor, readBytes);
  const read = (row: number) =>
    tensor.source.read(tensor.entry.begin + row * rowBytes, Math.min(step, end - row) * rowBytes);
  // Reads the next piece while this one is processed.
  let next = read(begin);
  for (let row = begin; row < end; row += step) {
    const bytes = await next;
    if (row + step < end) {
      next = read(row + step);
      next.catch(() => undefined); // Reported when awaited; the consumer may stop before that.
    }
    kept?.look(bytes, row, rowBytes);
    yield { bytes, row };
  }
}

/** With the adapter. @throws SafetensorsError for a NaN or an infinity */
function decodeRows(tensor: CheckpointTensor, { bytes, row }: RowBytes): Float32Array {
  const { columns } = matrixShape(tensor.entry.shape);
  const values = decodeFloats(bytes, tensor.entry.dtype);
  checkFinite(tensor, values, row * columns);
  if (!tensor.adapter) return values;
  addLora(values, tensor.adapter.module, tensor.adapter.strength, row);
  checkFinite(
    tensor,
    values,
    row * columns,
    'that is the sum with the adapter, whose values or strength are too large',
  );
  return values;
}

/** The rows that new rows are made of, as the file has them. */
class KeptRows {
  readonly #wanted: readonly number[];
  #next = 0;
  readonly #rows = new Map<number, Uint8Array<ArrayBuffer>>();

  constructor({ subwords }: NewRows) {
    this.#wanted = [...new Set(subwords.flat())].sort((a, b) => a - b);
  }

  /** @param bytes of whole rows from `first` on; each call goes on where the last ended */
  look(bytes: Uint8Array<ArrayBuffer>, first: number, rowBytes: number): void {
    const end = first + bytes.length / rowBytes;
    for (; (this.#wanted[this.#next] ?? Infinity) < end; this.#next++) {
      const row = this.#wanted[this.#next] ?? 0;
      this.#rows.set(row, bytes.slice((row - first) * rowBytes, (row - first + 1) * rowBytes));
    }
  }

  row(row: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#rows.get(row);
  }
}

/** Computes the new rows; reads only the rows of the file that they need. */
async function* madeRows(tensor: CheckpointTensor, newRows: NewRows, kept: KeptRows): AsyncGenerator<Float32Array> {
  const { columns } = matrixShape(tensor.entry.shape);
  const rowBytes = columns * DTYPE_BYTES[tensor.entry.dtype];
  const readRow = async (row: number) => {
    const bytes = kept.row(row) ?? (await tensor.source.read(tensor.entry.begin + row * rowBytes, rowBytes));
    const values = decodeFloats(bytes, tensor.entry.dtype);
    checkFinite(tensor, values, row * columns);
    return values;
  };
  const { init, first, subwords, initializerRange } = newRows;
  const step = Math.max(1, Math.floor(READ_BYTES / (columns * 4)));
  for (let begin = 0; begin < subwords.length; begin += step) {
    const made = subwords.slice(begin, begin + step);
    const values = new Float32Array(made.length * columns);
    for (const [index, ids] of made.entries()) {
      if (ids.length === 0) continue;
      const rows = await Promise.all(ids.map(readRow));
      values.set(newRow(init, rows, first + begin + index, initializerRange), index * columns);
    }
    yield values;
  }
}

async function* transposedRows(tensor: CheckpointTensor): AsyncGenerator<Float32Array> {
  const { rows, columns } = matrixShape(tensorShape(tensor));
  const width = Math.max(1, Math.floor(PANEL_BYTES / (rows * 4)));
  for (let first = 0; first < columns; first += width) {
    const count = Math.min(width, columns - first);
    const panel = new Float32Array(count * rows);
    let row = 0;
    for await (const block of allRows(tensor)) {
      const blockRows = block.length / columns;
      transposeInto(panel, block, { row, blockRows, rows, columns, first, count });
      row += blockRows;
    }
    yield panel;
  }
}

interface Panel {
  /** First row of the block in the tensor, number of rows in the block, rows and columns of the tensor. */
  row: number;
  blockRows: number;
  rows: number;
  columns: number;
  /** Columns of the tensor that the panel holds as rows. */
  first: number;
  count: number;
}

/** [rows, columns] → [columns, rows]. */
export function transpose(values: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = values.length / columns;
  const panel = new Float32Array(values.length);
  transposeInto(panel, values, { row: 0, blockRows: rows, rows, columns, first: 0, count: columns });
  return panel;
}

/** Size of the tiles that keep source and destination in the CPU cache. */
const TILE = 32;

function transposeInto(panel: Float32Array, block: Float32Array, at: Panel): void {
  for (let c0 = 0; c0 < at.count; c0 += TILE) {
    const cEnd = Math.min(c0 + TILE, at.count);
    for (let r0 = 0; r0 < at.blockRows; r0 += TILE) {
      const rEnd = Math.min(r0 + TILE, at.blockRows);
      for (let c = c0; c < cEnd; c++) {
        for (let r = r0; r < rEnd; r++) {
          panel[c * at.rows + at.row + r] = block[r * at.columns + at.first + c] ?? NaN;
        }
      }
    }
  }
}

/** The first axis gives the rows, the product of the others the columns. */
export function matrixShape(shape: readonly number[]): { rows: number; columns: number } {
  const [rows = 1, ...rest] = shape;
  return { rows, columns: rest.reduce((product, size) => product * size, 1) };
}

function checkFinite(tensor: CheckpointTensor, values: Float32Array, firstIndex: number, reason?: string): void {
  const index = firstNotFinite(values);
  if (index >= 0) throw notFinite(tensor, firstIndex + index, values[index] ?? NaN, reason);
}

/** @param index of the value in the tensor */
export function notFinite(
  tensor: CheckpointTensor,
  index: number,
  value: number,
  reason = 'the checkpoint is damaged',
): SafetensorsError {
  const place = indexOf(index, tensor.entry.shape).join(', ');
  return new SafetensorsError(tensor.source.name, tensor.key, `${value} at [${place}]; ${reason}`);
}

export function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
