/** Message types between the page and the weights worker: inspecting matrices, and requantizing packages. */
import type { BlobLike } from '../bytes.ts';
import type { ModelPart } from '../gemma3/parts.ts';
import type { Inspection, MatrixInfo, WeightFacts } from '../quant/inspection.ts';
import type { QuantSettings } from '../quant/settings.ts';
import type { PackageFile, PackageSource } from './engine.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The jobs of `weights.worker.ts`, which run one after the other. */
export interface WeightsJobs {
  /** Lists the matrices of a package or of a safetensors file, after closing the one that is open. */
  open: Job<
    WeightsSource,
    { name: string; matrices: readonly MatrixInfo[] },
    { type: 'progress'; file: string; doneBytes: number; totalBytes: number }
  >;
  /** Compares a matrix with its quantized form. A new request cancels earlier ones. */
  inspect: Job<InspectRequest, { inspection: Inspection }>;
  /** Quantization details of one weight of the last inspected matrix, without queueing; undefined if it does not exist. */
  weightAt: Job<{ row: number; column: number }, { facts: WeightFacts | undefined }>;
  /** Frobenius norms ‖W‖ of matrices by name. */
  norms: Job<
    readonly string[],
    { norms: readonly { name: string; norm: number }[] },
    { type: 'progress'; done: number; total: number }
  >;
  /** Creates a model package from a Hugging Face checkpoint in memory, for the engine. Does not affect the open matrices. */
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
  /** Number of bars of the histogram. */
  bins: number;
  /** Maximum rows and columns of the error map. */
  mapSize: number;
  /** Rows and columns of the detail view, which starts at `detailRow` and `detailColumn` and has one cell per weight. */
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
  /** Size of codes and scales in this format, independent of how the runtime stores them. */
  weightBytes: number;
  bitsPerWeight: number;
  /**
   * Parts that run, fully or partly, on the same values stored as float32, so their speed and memory are not representative.
   * The runtime has no kernels for 3 bits, NF4, columns that are not whole blocks, and gathering rows with zero points (for
   * `head` this concerns only the input table). fp16 is included, since not every GPU supports it (software adapters lack
   * `shader-f16`).
   */
  asFloats: readonly ModelPart[];
}
