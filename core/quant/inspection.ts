/** What there is to see of a matrix, and of one weight, under some settings. */
import type { QuantMeasures } from './measures.ts';
import type { QuantSettings } from './settings.ts';

export interface MatrixInfo {
  /** Canonical parameter name where it is one of Gemma 3's, else as the file calls it. */
  name: string;
  rows: number;
  columns: number;
  /** As it is stored: F32, F16, BF16, q4/32 …; `q4/32 zp` where each block has a zero point of its own. */
  stored: string;
}

/** A matrix as it is and as the settings make it. */
export interface Inspection {
  matrix: MatrixInfo;
  settings: QuantSettings;
  /** Of the matrix, from the first on: fewer than it has where it is larger than memory should be asked for. All below is of these. */
  inspectedRows: number;
  histogram: {
    /** Left edge of the first bar and right edge of the last. */
    from: number;
    to: number;
    original: Uint32Array;
    quantized: Uint32Array;
  };
  /** The values that one block can take, that of the block with the median scale, ascending; empty for fp16. */
  grid: Float32Array;
  /** Root mean square error of the weights under each cell, row by row. */
  errorMap: { rows: number; columns: number; values: Float32Array };
  /** Weight by weight, row by row. */
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
  /** Of the quantization alone. */
  milliseconds: number;
}

/** How one weight became another: `quantized` = (code − zeroPoint) · scale, for nf4 level[code] · scale. */
export interface WeightFacts {
  row: number;
  column: number;
  original: number;
  quantized: number;
  code: number | undefined;
  scale: number | undefined;
  zeroPoint: number | undefined;
  /** Of nf4: what the code stands for, before the scale. */
  level: number | undefined;
  /** First and last column of its block. */
  block: readonly [number, number] | undefined;
}
