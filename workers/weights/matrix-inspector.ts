/** Compares a matrix with its quantized values. */
import { dequantize, quantize, type QuantizedMatrix } from '#core/quant/matrix.ts';
import { measure } from '#core/quant/measures.ts';
import { errorMap, histogram, medianGrid, outliers, weightFacts } from '#core/quant/pictures.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { FailureError } from '#core/failure.ts';
import type { InspectRequest } from '#core/protocol/weights.ts';
import type { Inspection, MatrixInfo, WeightFacts } from '#core/quant/inspection.ts';
import type { StoredMatrix } from './matrix.ts';

/** Number of outliers that are reported. */
const OUTLIERS = 20;

/** Quantizes matrices and keeps the last one for `weightAt`. */
export class MatrixInspector {
  #matrix: { info: MatrixInfo; original: Float32Array } | undefined;
  #made: { matrix: QuantizedMatrix; quantized: Float32Array } | undefined;

  /** @throws FailureError file-broken for a weight that is not a number, or that the format cannot represent */
  async inspect(stored: StoredMatrix, request: InspectRequest): Promise<Inspection> {
    const original = await this.#valuesOf(stored);
    const { info } = stored;
    const { rows, columns } = info;
    const { settings, bins, mapSize, detailSize, detailRow, detailColumn } = request;
    this.#made = undefined;
    const begin = performance.now();
    const matrix = quantizeOrFail(original, columns, settings, info.name);
    const milliseconds = performance.now() - begin;
    const quantized = dequantize(matrix);
    this.#made = { matrix, quantized };

    const inspectedRows = original.length / columns;
    const place = {
      row: clampIndex(detailRow, inspectedRows),
      column: clampIndex(detailColumn, columns),
    };
    const size = {
      rows: Math.min(detailSize, inspectedRows - place.row),
      columns: Math.min(detailSize, columns - place.column),
    };
    const cut = (values: Float32Array) => window(values, columns, place, size);
    return {
      matrix: { ...info, rows, columns },
      ...{ settings, inspectedRows, milliseconds },
      histogram: histogram(original, quantized, bins),
      grid: medianGrid(matrix),
      errorMap: errorMap(original, quantized, columns, mapSize),
      detail: { ...place, ...size, original: cut(original), quantized: cut(quantized) },
      outliers: outliers(original, quantized, columns, OUTLIERS),
      measures: measure(original, quantized, matrix),
    };
  }

  /** Facts about a weight of the last inspected matrix; undefined before an inspection and outside of the inspected rows. */
  weightAt(row: number, column: number): WeightFacts | undefined {
    if (!this.#matrix || !this.#made) return undefined;
    return weightFacts(this.#matrix.original, this.#made.quantized, this.#made.matrix, row, column);
  }

  async #valuesOf(stored: StoredMatrix): Promise<Float32Array> {
    if (this.#matrix?.info === stored.info) return this.#matrix.original;
    // Frees the previous matrix first, so that only one is in memory.
    this.#matrix = undefined;
    this.#made = undefined;
    const original = await stored.values();
    this.#matrix = { info: stored.info, original };
    return original;
  }
}

function quantizeOrFail(
  original: Float32Array,
  columns: number,
  settings: QuantSettings,
  name: string,
): QuantizedMatrix {
  try {
    return quantize(original, columns, settings);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new FailureError('file-broken', { file: name, reason: cause.message }, { cause });
  }
}

/** The nearest index below `count`. */
function clampIndex(place: number, count: number): number {
  return Math.max(0, Math.min(Math.floor(place), count - 1));
}

function window(
  values: Float32Array,
  columns: number,
  at: { row: number; column: number },
  size: { rows: number; columns: number },
): Float32Array {
  const cut = new Float32Array(size.rows * size.columns);
  for (let row = 0; row < size.rows; row++) {
    const start = (at.row + row) * columns + at.column;
    cut.set(values.subarray(start, start + size.columns), row * size.columns);
  }
  return cut;
}
