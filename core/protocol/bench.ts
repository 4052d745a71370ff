/** Message types between the page and the workers of the bench lab. */
import type { ChatMessage } from '../chat/message.ts';
import type { KvShape } from '../budget/kv-cache.ts';
import type { PackageSource } from './engine.ts';
import type { Job } from './jobs.ts';

/** The jobs of `bench.worker.ts`: what is measured beside our engine, whose worker is `metered-engine.worker.ts`. */
export interface BenchJobs {
  /** Reads the small files of a package. */
  describe: Job<PackageSource, { facts: PackageFacts }>;
  /** Measures how fast the GPU reads its memory; takes one to two seconds. Undefined where there is no WebGPU adapter. */
  bandwidth: Job<undefined, { bandwidth: Bandwidth | undefined }>;
  /** Loads transformers.js and opens a package with it; one package a worker. */
  openPeer: Job<PeerOpenRequest, { version: string }>;
  /** Answers with transformers.js. Cannot be stopped: end the worker. */
  generatePeer: Job<FixedLengthQuestion, { answer: TimedAnswer }>;
}

export interface PackageFacts {
  /** Missing for packages without a manifest. */
  manifestSha256: string | undefined;
  hasVision: boolean;
  maxPositions: number;
  kv: KvShape;
  /** Bytes of the decoder's weights as the GPU reads them, by dtype. */
  decoderBytes: Readonly<Record<string, number>>;
}

export interface Bandwidth {
  /** Of the fastest pass. */
  bytesPerSecond: number;
  /** True for a software adapter. */
  isSoftware: boolean;
}

export interface PeerOpenRequest {
  source: PackageSource;
  provider: 'webgpu' | 'wasm';
  /** Those that our engine opened, so that both compute the same. */
  dtype: { decoder: string; vision: string | undefined };
}

/** Greedy decoding of exactly `newTokens` tokens: end tokens do not end it. */
export interface FixedLengthQuestion {
  messages: readonly ChatMessage[];
  newTokens: number;
}

/** Times in milliseconds since the question was asked; ids in the order of generation. */
export interface TimedAnswer {
  promptTokens: number;
  /** From the first run of a session to the end of the run that gives the first token. */
  prefillMilliseconds: number;
  firstTokenMilliseconds: number;
  /** (tokens − 1) / (last − first). */
  decodeTokensPerSecond: number;
  ids: readonly number[];
}

/** What `workers/bench/gpu-meter.ts` counts in its worker. */
export interface GpuCounts {
  /** Requested bytes of buffers that are neither destroyed nor garbage-collected. */
  liveBytes: number;
  /** Maximum of `liveBytes`. */
  peakBytes: number;
  /** Direct and indirect. */
  dispatches: number;
  /** Those of `dispatches` whose size a kernel wrote. */
  indirectDispatches: number;
  passes: number;
  submits: number;
  bindGroups: number;
  /** Calls of writeBuffer. */
  writes: number;
  /** Calls of copyBufferToBuffer. */
  copies: number;
  /** Buffers made. */
  buffers: number;
  /** Calls of pushErrorScope. */
  errorScopes: number;
  /** Calls of mapAsync; each waits for the GPU. */
  maps: number;
  /** Bytes of the buffers that were mapped. */
  readBytes: number;
  pipelines: number;
  /** Size of all linear memories; they never shrink. */
  wasmBytes: number;
  /** Dispatches by kernel, named by the buffers that its WGSL binds, since the runtime sets no label. */
  kernels: Record<string, number>;
}

/** Name of the BroadcastChannel over which a worker of this name is asked (`read`) for its `GpuCounts`. */
export function meterChannel(workerName: string): string {
  return `gpu-meter ${workerName}`;
}
