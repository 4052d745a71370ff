/** The contract between the page and the engine worker: everything that crosses is one of these types. */
import type { BlobLike } from '../bytes.ts';
import type { ChatMessage } from '../chat/message.ts';
import type { Sampling } from '../sampling/sampling.ts';
import type { SetAdaptersJob, TraceJob } from './adapters.ts';
import type { Job, JobEvent, Nothing } from './jobs.ts';
import type { Teaches } from './manifest.ts';
import type { NearestJob } from './nearest.ts';

/** The jobs of `engine.worker.ts`. Of those that run the model, one at a time: another one fails with `busy`. */
export interface EngineJobs {
  /** Loads a package; a package that was open before is closed first. */
  open: Job<OpenRequest, { model: ModelInfo; milliseconds: number }, OpenProgress | OpenNotice>;
  /** Answers the last message of a conversation. The KV cache of the longest common prefix is kept from the last call. */
  generate: Job<GenerateRequest, { reason: EndReason; turn: TurnStats }, GenerateUpdate, { turn: TurnStats }>;
  /**
   * Finds the tokens whose embedding rows point most nearly where the rows of new tokens would, in one pass over the open
   * package's table: seconds for a large vocabulary. Reads the package's files, leaves model and conversation alone.
   */
  nearestTokens: NearestJob;
  /**
   * Puts adapters beside the weights of the open model in place of those that stood there. The conversation's KV prefix is
   * forgotten: it was computed with the old ones.
   */
  setAdapters: SetAdaptersJob;
  /**
   * How much of each adapter, in the order they were set. Takes effect at the next token, also of an answer that is being
   * written; the next answer computes its whole prompt at the new strengths. Ignored when their number is another, or
   * one of them is no number.
   */
  setStrengths: Job<readonly number[]>;
  /** Writes an answer, or scores a given one, and tells the probability of each token. */
  trace: TraceJob;
  /** Figures about four times a second while a job runs, and once after it, until this job is stopped. */
  watch: Job<undefined, Nothing, { type: 'stats'; stats: Stats }>;
  /** Forgets the conversation (KV prefix and image features), keeps the weights. Does nothing while a job runs. */
  forget: Job<undefined>;
}

export type OpenEvent = JobEvent<EngineJobs['open']>;
export type GenerateEvent = JobEvent<EngineJobs['generate']>;

/** Where a model package comes from. */
export type PackageSource =
  /** A folder served over HTTP; ends in "/". */
  | { type: 'url'; url: string }
  /** Files picked or dropped; paths are relative to the package, with "/". */
  | { type: 'files'; name: string; files: readonly PackageFile[] };

export interface PackageFile {
  path: string;
  blob: BlobLike;
}

export interface OpenRequest {
  source: PackageSource;
  options: OpenOptions;
}

export interface OpenOptions {
  /** KV cache length in tokens; cut to what the model can do. */
  contextLength: number;
  /** 'auto' takes WebGPU where a GPU stands behind it; a software adapter only for what is too large for the CPU provider. */
  provider: 'auto' | 'webgpu' | 'wasm';
}

export interface OpenProgress {
  type: 'progress';
  phase: OpenPhase;
  file: string;
  doneBytes: number;
  totalBytes: number;
}

export interface OpenNotice {
  type: 'notice';
  notice: StoreNotice;
}

/** Something that went another way than it should, and went on. */
export type StoreNotice =
  /**
   * The file is held in memory and will be downloaded again next time.
   * no-storage: the browser has no OPFS (private window) · no-room: the quota is too small · locked: another tab downloads it
   */
  | { type: 'kept-in-memory'; file: string; reason: 'no-storage' | 'no-room' | 'locked' }
  /** The server cannot be reached; the copy of an earlier visit is used. */
  | { type: 'offline-copy'; file: string };

/** download: bytes from the network · weights: bytes onto the device · compile: first run, shaders, without bytes */
export type OpenPhase = 'download' | 'weights' | 'compile';

/** What stands on the device now. */
export interface ModelInfo {
  name: string;
  /** True when the manifest says that the weights are random: the page must say so. */
  randomWeights: boolean;
  /** What the manifest says that the model was made to teach. */
  teaches: Teaches | undefined;
  /** dtype of decoder and vision encoder as in transformers.js: fp32, fp16, q4, q8. */
  dtype: { decoder: string; vision: string | undefined };
  parameters: number | undefined;
  layers: number;
  vocabularySize: number;
  hasVision: boolean;
  /** 'causal': somebody else's export, in which image tokens do not see each other in both directions as Gemma 3's should. */
  imageAttention: 'bidirectional' | 'causal' | undefined;
  tokensPerImage: number;
  contextLength: number;
  runtime: RuntimeInfo;
}

export interface RuntimeInfo {
  provider: 'webgpu' | 'wasm';
  /** Which build of onnxruntime-web runs. */
  build: 'jspi' | 'asyncify' | 'wasm';
  /** The GPU as the browser names it; undefined on the CPU. */
  adapter: GpuAdapterInfo | undefined;
  /** Why the CPU is used, when it is. */
  cpuReason: 'no-webgpu' | 'no-adapter' | 'software-adapter' | 'asked' | undefined;
}

export interface GpuAdapterInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** A software adapter (SwiftShader, llvmpipe): figures say nothing about GPUs. */
  isFallback: boolean;
  shaderF16: boolean;
}

export interface GenerateRequest {
  messages: readonly ChatMessage[];
  sampling: Sampling;
  maxNewTokens: number;
  /** No faster than this, for an answer that is to be followed and changed while it is written. Absent: as fast as it comes. */
  tokensPerSecond?: number | undefined;
}

export type GenerateUpdate =
  | { type: 'progress'; phase: 'image' | 'prefill'; done: number; total: number }
  /**
   * New text since the last event, at most one event a frame (two where a thought begins or ends). `ids` are the tokens
   * it came from; `thought` is the model's thinking, which the page folds away and does not send back.
   */
  | { type: 'token'; text: string; thought: boolean; ids: readonly number[] };

/** Why an answer ended: by itself, at `maxNewTokens`, or at the end of the context. */
export type EndReason = 'end' | 'length' | 'context-full';

/** Throughput of one answer. Undefined where there was nothing to measure yet. */
export interface TurnStats {
  /** Tokens of the prompt that had to be computed, and those found in the KV cache. */
  prefillTokens: number;
  cachedTokens: number;
  prefillMilliseconds: number;
  /** From the request to the first new token on the host, image encoding included. */
  timeToFirstTokenMilliseconds: number | undefined;
  imageMilliseconds: number;
  newTokens: number;
  /** Over the intervals between tokens: (newTokens − 1) / (last − first). */
  decodeTokensPerSecond: number | undefined;
}

export interface Stats {
  /** performance.now() of the worker. */
  time: number;
  turn: TurnStats | undefined;
  contextUsed: number;
  contextLength: number;
  memory: MemoryStats;
}

/** A number of bytes and how it is known. */
export interface Bytes {
  bytes: number;
  how: 'measured' | 'computed';
}

export interface MemoryStats {
  gpu: Record<GpuPurpose, Bytes>;
  /** Worker heap as the browser reports it; undefined where it does not. */
  jsHeap: Bytes | undefined;
  /** Linear memory of the WebAssembly runtime. */
  wasmHeap: Bytes | undefined;
}

/** What a GPU buffer is for. */
export type GpuPurpose = 'weights' | 'kv' | 'vision' | 'scratch';
