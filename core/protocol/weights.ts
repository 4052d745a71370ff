/** The contract between the page and the weights worker: looking into matrices, and making packages with fewer bits. */
import type { BlobLike } from '../bytes.ts';
import type { ModelPart } from '../gemma3/parts.ts';
import type { Inspection, MatrixInfo, WeightFacts } from '../quant/inspection.ts';
import type { QuantSettings } from '../quant/settings.ts';
import type { PackageFile, PackageSource } from './engine.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The jobs of `weights.worker.ts`, one after the other. */
export interface WeightsJobs {
  /** Lists the matrices of a package or of a safetensors file. What was open before is closed. */
  open: Job<
    WeightsSource,
    { name: string; matrices: readonly MatrixInfo[] },
    { type: 'progress'; file: string; doneBytes: number; totalBytes: number }
  >;
  /** One matrix as it is and as the settings make it. The newest request wins. */
  inspect: Job<InspectRequest, { inspection: Inspection }>;
  /** The arithmetic of one weight of the matrix that was inspected last; undefined where there is none. At once. */
  weightAt: Job<{ row: number; column: number }, { facts: WeightFacts | undefined }>;
  /** ‖W‖ (Frobenius) of matrices by name, one after the other. */
  norms: Job<
    readonly string[],
    { norms: readonly { name: string; norm: number }[] },
    { type: 'progress'; done: number; total: number }
  >;
  /** A model package out of a Hugging Face checkpoint, in memory, for the engine to open. Leaves alone what is open here. */
  requantize: Job<
    RequantizeRequest,
    { package: RequantizedPackage },
    { type: 'progress'; done: number; total: number }
  >;
}

export type WeightsOpenEvent = JobEvent<WeightsJobs['open']>;
export type RequantizeEvent = JobEvent<WeightsJobs['requantize']>;

export type WeightsSource =
  { type: 'package'; source: PackageSource } | { type: 'safetensors'; name: string; file: BlobLike };

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

export interface RequantizeRequest {
  /** Folder of the checkpoint over HTTP, or its files: config.json, model.safetensors, tokenizer.json … */
  checkpoint: PackageSource;
  /** `head` is the tied embedding table: input rows and output head. */
  parts: Readonly<Record<ModelPart, QuantSettings>>;
  /** For display. */
  name: string;
}

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
