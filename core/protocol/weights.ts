/** The contract between the page and the weights worker: looking into matrices, and making packages with fewer bits. */
import type { BlobLike } from '../bytes.ts';
import type { QuantSettings } from '../quant/settings.ts';
import type { JobId, Listener, PackageFile, PackageSource } from './engine.ts';
import type { Failure } from '../failure.ts';

/** What `weights.worker.ts` exposes. One job at a time; a job is cancelled by ending the worker, which holds nothing dear. */
export interface WeightsApi {
  /** Lists the matrices of a package or of a safetensors file. What was open before is closed. */
  open(job: JobId, source: WeightsSource, on: Listener<WeightsOpenEvent>): Promise<void>;
  /** One matrix as it is and as the settings make it. */
  inspect(job: JobId, request: InspectRequest, on: Listener<InspectEvent>): Promise<void>;
  /** The arithmetic of single weights of the matrix that was inspected last. */
  weightAt(row: number, column: number): Promise<WeightFacts | undefined>;
  /** ‖W‖ (Frobenius) of matrices, one after the other. */
  norms(job: JobId, matrices: readonly string[], on: Listener<NormsEvent>): Promise<void>;
  /** A model package out of a Hugging Face checkpoint, in memory, for the engine to open. Leaves alone what is open here. */
  requantize(job: JobId, request: RequantizeRequest, on: Listener<RequantizeEvent>): Promise<void>;
}

export type WeightsSource =
  { type: 'package'; source: PackageSource } | { type: 'safetensors'; name: string; file: BlobLike };

export interface MatrixInfo {
  /** Canonical parameter name where it is one of Gemma 3's, else as the file calls it. */
  name: string;
  rows: number;
  columns: number;
  /** As it is stored: F32, F16, BF16, q4/32 …; `q4/32 zp` where each block has a zero point of its own. */
  stored: string;
}

export type WeightsOpenEvent =
  | { type: 'progress'; file: string; doneBytes: number; totalBytes: number }
  | { type: 'done'; name: string; matrices: readonly MatrixInfo[] }
  | { type: 'failed'; failure: Failure };

export interface InspectRequest {
  matrix: string;
  settings: QuantSettings;
  /** Bars of the histogram. */
  bins: number;
  /** Cells of the error map at most, each way. */
  mapSize: number;
  /** Cells of the detail, each way, from `detailRow` and `detailColumn` on: one cell a weight. */
  detailSize: number;
  detailRow: number;
  detailColumn: number;
}

export type InspectEvent = { type: 'done'; result: Inspection } | { type: 'failed'; failure: Failure };

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

export interface QuantMeasures {
  /** 10·log₁₀(Σw² / Σ(w − ŵ)²); Infinity without error. */
  snrDecibels: number;
  /** Of w and ŵ as vectors. */
  cosine: number;
  rootMeanSquareError: number;
  largestError: number;
  /** Codes, scales and zero points, over the number of weights. */
  bitsPerWeight: number;
  bytes: number;
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

export type NormsEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; norms: readonly { name: string; norm: number }[] }
  | { type: 'failed'; failure: Failure };

/** Parts of the model that may be given bits of their own. */
export const MODEL_PARTS = ['attention', 'mlp', 'head', 'vision'] as const;
export type ModelPart = (typeof MODEL_PARTS)[number];

export interface RequantizeRequest {
  /** Folder of the checkpoint over HTTP, or its files: config.json, model.safetensors, tokenizer.json … */
  checkpoint: PackageSource;
  /** `head` is the tied embedding table: input rows and output head. */
  parts: Readonly<Record<ModelPart, QuantSettings>>;
  /** For display. */
  name: string;
}

export type RequantizeEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; package: RequantizedPackage }
  | { type: 'failed'; failure: Failure };

export interface RequantizedPackage {
  name: string;
  files: readonly PackageFile[];
  /** What the weights take in this format, codes and scales, whatever the runtime makes of it. */
  weightBytes: number;
  bitsPerWeight: number;
  /**
   * Parts, or matrices in them, that run with the same values stored as float32: their speed and memory say nothing. The
   * runtime has no kernel for 3 bits and NF4, nor for columns that are not whole blocks, nor for
   * rows of a table with zero points (of `head`, then, the input table alone); and fp16 is here too, since
   * not every GPU computes in it (a software adapter has no `shader-f16`).
   */
  asFloats: readonly ModelPart[];
}
