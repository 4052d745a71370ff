/** Statistics that the engine worker sends: throughput of an answer, memory, and what the planner says of the open package. */
import type { GpuPurpose } from '../budget/gpu-purpose.ts';
import type { MemoryPlan } from '../budget/memory-plan.ts';

/** Throughput of one answer. Undefined if there is nothing to measure yet. */
export interface TurnStats {
  /** Prompt tokens that were computed, and those found in the KV cache. */
  prefillTokens: number;
  cachedTokens: number;
  prefillMilliseconds: number;
  /** From the request to the first new token on the host, image encoding included. */
  timeToFirstTokenMilliseconds: number | undefined;
  imageMilliseconds: number;
  newTokens: number;
  /** Over the intervals between tokens: (newTokens − 1) / (last − first). */
  decodeTokensPerSecond: number | undefined;
  /** Absent where the answer was decoded without prompt lookup. */
  promptLookup?: LookupCounts | undefined;
  /** Absent where no token was sampled on the GPU. */
  sampling?: SamplingCounts | undefined;
}

/** What became of the tokens that the GPU chose ahead. */
export interface SamplingCounts {
  /** Tokens that it chose. */
  choices: number;
  /** Whole rows of logits that were read because the candidates did not decide. */
  rowsRead: number;
  /** Choices that were others than the host's: each cost a step that was taken back. */
  takenBack: number;
}

/** What prompt lookup did for an answer. */
export interface LookupCounts {
  /** Runs of the decoder behind the prefill; each gave one token or more. */
  runs: number;
  /** Tokens that were drafted, and how many of them were right. */
  drafted: number;
  accepted: number;
}

export interface Stats {
  /** performance.now() of the worker. */
  time: number;
  /** How long jobs have run in this worker, up to now. The clock stops between two jobs. */
  busyMilliseconds: number;
  /** What the engine did since the statistics before; undefined if it ran nothing of the model. */
  phase: EnginePhase | undefined;
  turn: TurnStats | undefined;
  contextUsed: number;
  contextLength: number;
  memory: MemoryStats;
}

/** A number of bytes and how it was determined. */
export interface Bytes {
  bytes: number;
  how: 'measured' | 'computed';
}

export interface MemoryStats {
  /** Live GPU buffers; undefined where the model runs on the CPU. */
  gpu: Record<GpuPurpose, Bytes> | undefined;
  /** The most since the statistics before; undefined with `gpu`. */
  gpuPeak: GpuPeak | undefined;
  /** What the model holds in the memory of the processor; undefined on a GPU, and where no model is open. */
  cpu: Record<CpuPurpose, Bytes> | undefined;
  /** The rows of the KV cache that hold tokens, on either device; undefined where no model is open. */
  kvFilled: Bytes | undefined;
  /** Worker heap as the browser reports it; undefined if it does not. */
  jsHeap: Bytes | undefined;
  /** Linear memory of the WebAssembly runtime. */
  wasmHeap: Bytes | undefined;
}

/** In bytes. The purposes need not have been largest at the same time. */
export interface GpuPeak {
  total: number;
  byPurpose: Readonly<Record<GpuPurpose, number>>;
}

/** weights: of all parts of the model, as the files hold them · kv: the KV cache */
export const CPU_PURPOSES = ['weights', 'kv'] as const;
export type CpuPurpose = (typeof CPU_PURPOSES)[number];

/** load: opening a package, from its first file to the warm-up · adapters: setting them · image: the vision encoder runs */
export type EnginePhase = 'load' | 'adapters' | 'image' | 'prefill' | 'decode';

/** What the planner says that the model takes: sent before its weights are loaded, and when its adapters have changed. */
export interface MemoryPlanned {
  type: 'planned';
  /** Undefined where it cannot be told: on the CPU, and for a dtype whose bytes are not known. */
  plan: MemoryPlan | undefined;
}
