/** Message types between the page and the preflight worker, which looks at the GPU before a model is downloaded. */
import type { AdapterKind } from '../budget/adapter-kind.ts';
import type { VariantSize } from '../budget/package-fit.ts';
import type { Gemma3Config } from '../gemma3/config.ts';
import type { Bandwidth } from './bench.ts';
import type { GpuAdapterInfo, PackageSource } from './engine.ts';
import type { Job } from './jobs.ts';

export interface PreflightJobs {
  /** Names, features and limits of the adapter that the engine would take. Allocates nothing. */
  adapter: Job<undefined, { adapter: AdapterReport | NoAdapter }>;
  /** Allocates up to `atMostBytes` on a device of its own, and gives everything back. Stop ends it with what was reached. */
  probe: Job<{ atMostBytes: number }, { probe: MemoryProbe }, { type: 'progress'; bytes: number }>;
  /** Reads the small files of a package; what it reads is kept by the store. */
  packageSize: Job<PackageSource, { size: PackageSize }>;
  /** Measures how fast the GPU reads its memory, in about a second. Undefined where there is no WebGPU adapter. */
  bandwidth: Job<undefined, { bandwidth: Bandwidth | undefined }>;
}

export interface PackageSize {
  name: string;
  config: Gemma3Config;
  variants: VariantSize[];
}

export type NoAdapter = 'no-webgpu' | 'no-adapter';

export interface AdapterReport {
  names: GpuAdapterInfo;
  kind: AdapterKind;
  /** The adapter for low power where it is another one: the machine has two GPUs. */
  lowPower: { vendor: string; architecture: string; description: string } | undefined;
  /** Undefined where the engine does not use the feature `subgroups`. */
  subgroupSizes: { least: number; most: number } | undefined;
  limits: {
    maxBufferSize: number;
    maxStorageBufferBindingSize: number;
    maxStorageBuffersPerShaderStage: number;
  };
}

export interface MemoryProbe {
  /** Bytes that were allocated and filled at the same time. */
  bytes: number;
  /**
   * limit: all that was asked for, the GPU may have more · refused: the GPU gave no more · slow: filling became so slow that the
   * memory was probably swapped · lost: the device was lost · stopped: the visitor stopped it · no-adapter: there is no WebGPU
   */
  end: 'limit' | 'refused' | 'slow' | 'lost' | 'stopped' | 'no-adapter';
}
