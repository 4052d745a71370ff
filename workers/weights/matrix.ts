/** One stored matrix as numbers. */
import type { ByteSource } from '#core/bytes.ts';
import { EmbeddingRows } from '#core/embedding/rows.ts';
import { storedAs, type MatrixTable } from '#core/gemma3/graph-matrices.ts';
import { transpose } from '#core/gemma3/matrix-rows.ts';
import { FailureError } from '#core/failure.ts';
import type { MatrixInfo } from '#core/quant/inspection.ts';

/** Most weights in memory at a time: with their codes and dequantized values they take 9 bytes each. */
const MAX_WEIGHTS = 2 ** 26;

export class StoredMatrix {
  readonly info: MatrixInfo;
  readonly #matrix: MatrixTable;
  readonly #rows: EmbeddingRows;

  /** @param sources the files of the table, by their names in the table */
  constructor(matrix: MatrixTable, sources: ReadonlyMap<string, ByteSource>) {
    const { name, rows, columns, table } = matrix;
    this.info = { name, rows, columns, stored: storedAs(table) };
    this.#matrix = matrix;
    this.#rows = new EmbeddingRows(table, sources);
  }

  /**
   * The first rows, [rows, columns] flattened: all rows unless the matrix has more than `most` weights (67 million).
   * @throws FailureError file-broken; out-of-memory for a matrix of that size that is stored column by column
   */
  async values(most = MAX_WEIGHTS): Promise<Float32Array> {
    const { transposed, columns, table } = this.#matrix;
    if (transposed && table.rows * table.columns > most)
      throw new FailureError('out-of-memory', { bytes: table.rows * table.columns * 9 });
    const count = Math.min(table.rows, Math.floor(most / table.columns));
    const width = transposed ? table.columns : columns;
    const values = new Float32Array(count * width);
    for await (const block of this.#rows.blocks()) {
      const from = block.first * width;
      const fresh = narrow(block.values, table.columns, width);
      values.set(fresh.subarray(0, Math.min(fresh.length, values.length - from)), from);
      if (from + fresh.length >= values.length) break;
    }
    return transposed ? transpose(values, width) : values;
  }

  /** ‖W‖ (Frobenius), of all rows. */
  async norm(): Promise<number> {
    const { transposed, columns, table } = this.#matrix;
    const width = transposed ? table.columns : columns;
    let sum = 0;
    for await (const block of this.#rows.blocks()) {
      const values = narrow(block.values, table.columns, width);
      for (let i = 0; i < values.length; i++) {
        const value = values[i] ?? NaN;
        sum += value * value;
      }
    }
    return Math.sqrt(sum);
  }
}

/** [rows, from] → [rows, to]: drops the padding of the last block of each row. */
function narrow(values: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return values;
  const rows = values.length / from;
  const narrowed = new Float32Array(rows * to);
  for (let row = 0; row < rows; row++) narrowed.set(values.subarray(row * from, row * from + to), row * to);
  return narrowed;
}
