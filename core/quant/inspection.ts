/** Results of inspecting a quantized matrix, and of one weight in it. */
import type { QuantMeasures } from './measures.ts';
import type { QuantSettings } from './settings.ts';

export interface MatrixInfo {
  /** Canonical parameter name if it is one of Gemma 3's, otherwise the name in the file. */
  name: string;
  rows: number;
  columns: number;
  /** Storage format: F32, F16, BF16, q4/32 …; `q4/32 zp` if each block has its own zero point. */
  stored: string;
}

/** A matrix compared with its quantized form. */
export interface Inspection {
  matrix: MatrixInfo;
  settings: QuantSettings;
  /**
   * Number of leading rows that were inspected; fewer than all for very large matrices. All figures below are for these
   * rows.
   */
  inspectedRows: number;
  histogram: {
    /** Left edge of the first bar and right edge of the last. */
    from: number;
    to: number;
    original: Uint32Array;
    quantized: Uint32Array;
  };
  /** Values that the block with the median scale can represent, ascending; empty for fp16. */
  grid: Float32Array;
  /** Root mean square error of the weights in each cell, row-major. */
  errorMap: { rows: number; columns: number; values: Float32Array };
  /** Single weights, row-major. */
  detail: {
    row: number;
    column: number;
    rows: number;
    columns: number;
    original: Float32Array;
    quantized: Float32Array;
  };
  /** The weights farthest from zero, farthest first. */
  outliers: readonly { row: number; column: number; value: number; quantized: number; standardDeviations: number }[];
  measures: QuantMeasures;
  /** Time of the quantization only. */
  milliseconds: number;
}

/** Quantization of one weight: `quantized` = (code − zeroPoint) · scale, for nf4 level[code] · scale. */
export interface WeightFacts {
  row: number;
  column: number;
  original: number;
  quantized: number;
  code: number | undefined;
  scale: number | undefined;
  zeroPoint: number | undefined;
  /** nf4 only: level of the code, before scaling. */
  level: number | undefined;
  /** First and last column of the block. */
  block: readonly [number, number] | undefined;
}
