export interface ErrorCells {
  rows: number;
  columns: number;
  /** Root mean square errors, row by row. */
  values: ArrayLike<number>;
}

/** Reduces a map to at most `most` rows and columns: each new cell is the root mean square of its old cells. */
export function coarser({ rows, columns, values }: ErrorCells, most: number): ErrorCells & { values: Float64Array } {
  const [fewRows, fewColumns] = [Math.min(rows, most), Math.min(columns, most)];
  const sums = new Float64Array(fewRows * fewColumns);
  const counts = new Uint32Array(sums.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = Math.floor((row * fewRows) / rows) * fewColumns + Math.floor((column * fewColumns) / columns);
      sums[cell] = (sums[cell] ?? 0) + (values[row * columns + column] ?? 0) ** 2;
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return { rows: fewRows, columns: fewColumns, values: sums.map((sum, cell) => Math.sqrt(sum / (counts[cell] ?? 1))) };
}
