/** Message types between the page and the maker worker, which turns a checkpoint into a package in the browser's storage. */
import type { RowInit } from '../embedding/new-row.ts';
import type { Dtype } from '../gemma3/dtype.ts';
import type { ModelPart } from '../gemma3/parts.ts';
import type { QuantMethod } from '../quant/settings.ts';
import type { SelfTest } from '../self-test/expected.ts';
import type { PackageFile, PackageSource } from './engine.ts';
import type { Job } from './jobs.ts';
import type { PackageSize } from './preflight.ts';

/** The jobs of `maker.worker.ts`. */
export interface MakerJobs {
  /** What would be fetched and written, and whether it can be: reads headers and small files, no weight but one piece for the rate. */
  inspect: Job<MakeRequest, { facts: MakeFacts }>;
  /**
   * Writes all files but manifest.json, after what an earlier, broken-off job wrote. Stopped or failed, it leaves what it wrote: the next
   * one with an equal request goes on at the tensor where it was.
   */
  make: Job<MakeRequest, MadeFiles, MakeProgress>;
  /** Writes manifest.json: from then on it is a package like any other. @returns id of the stored package */
  finish: Job<FinishRequest, { id: string }>;
}

/** Where a checkpoint comes from. */
export type CheckpointSource =
  /** A repository of a hub. `token` is sent to `endpoint` alone. */
  | { type: 'hub'; endpoint: string; repository: string; revision: string; token?: string | undefined }
  /** A folder served over HTTP, or files that were picked. */
  | PackageSource;

export interface MakeRequest {
  source: CheckpointSource;
  options: MakeOptions;
  /** Workers that quantize; 1: the one that reads and writes. Default: one a core where there is much to quantize. */
  workers?: number | undefined;
}

export interface MakeOptions {
  /** Shown in the page. */
  name: string;
  dtype: Dtype;
  method: QuantMethod;
  /** Tokens. */
  context: number;
  /** A shipped pack. */
  korean?: { url: string; init: RowInit; untie: boolean } | undefined;
  /** PEFT's folder. */
  adapter?: { source: PackageSource; strength: number } | undefined;
  /** Origin and terms of the weights. */
  notice: string;
}

export interface MakeFacts {
  /** Bytes of weights that are read, and of the package. */
  readBytes: number;
  packageBytes: number;
  /** Bytes of the package that an earlier, broken-off job left. */
  doneBytes: number;
  /** Bytes that the browser lets the page store besides; undefined where it does not tell. */
  freeBytes: number | undefined;
  parameters: number;
  /** What the planner needs to say whether it runs on this device. */
  size: PackageSize;
  /** At rates measured now, for what is left: reading, what is computed beside it (quantizing, hashing), and both together. */
  seconds: { read: number; compute: number; all: number };
  /** Workers that would quantize. */
  workers: number;
  /** In the words of the command line. */
  notes: readonly string[];
  warnings: readonly string[];
  /** True for a model with an adapter beside it. */
  hasAdapterBeside: boolean;
}

export interface MakeProgress {
  type: 'progress';
  phase: 'write' | 'compare';
  doneBytes: number;
  totalBytes: number;
  /** Bytes of the checkpoint that were read by this job. */
  readBytes: number;
}

export interface MadeFiles {
  id: string;
  name: string;
  warnings: readonly string[];
  /** All but manifest.json, for the self-test. */
  files: readonly PackageFile[];
  comparison: readonly PartComparison[];
}

/** Rows of matrices of the finished package, against those of the checkpoint. */
export interface PartComparison {
  part: ModelPart;
  /** Canonical names. */
  matrices: readonly string[];
  rows: number;
  /** 10·log₁₀(Σw² / Σ(w − ŵ)²); Infinity if nothing differs. */
  snrDecibels: number;
}

export interface FinishRequest {
  id: string;
  /** What the package must answer; missing where this device cannot compute it. */
  selfTest?: SelfTest | undefined;
}
