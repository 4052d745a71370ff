/** Types of the calls from the driver (Node) to the bench page. */
import type { GraphCaptureOptions } from '#core/protocol/engine.ts';
import type { GpuCounts, TimedAnswer } from '#core/protocol/bench.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import type { SamplingTimes } from './sampling.ts';
import type { TrainingRequest } from './training.ts';

/** `ours`: workers/engine.worker.ts as the page runs it. `peer`: transformers.js `generate`. */
export type EngineName = 'ours' | 'peer';
export const ENGINES: readonly EngineName[] = ['ours', 'peer'];

export interface OpenRequest {
  /** Folder of the package; ends in "/". */
  url: string;
  /** Length of our static KV cache in tokens; the peer's cache grows. */
  contextLength: number;
  /**
   * `own`: the device that the peer's runtime requests. `engine`: a device with the features and limits that our engine
   * requests.
   */
  peerDevice: 'own' | 'engine';
  /** Counts dispatches without executing them: the answers are meaningless, and the times are CPU time only. */
  hostOnly: boolean;
  /** Whether our engine captures decode. */
  graphCapture: GraphCaptureOptions['mode'];
  /** Class that loads the package in transformers.js. */
  architecture: string;
}

export interface Opened {
  /** From just before `new Worker` until the model is open. */
  milliseconds: number;
  /** GPU adapter as our engine reports it; undefined for the peer. */
  adapter: string | undefined;
}

/** Ids in order of generation; `decodeTokensPerSecond` is NaN for a single token. */
export type Answer = TimedAnswer;

/** The two files of a PEFT adapter, as text. */
export interface BenchAdapter {
  name: string;
  config: string;
  /** The safetensors file in base64. */
  weights: string;
}

/** Functions of the page that the driver calls. Only one worker runs at a time. */
export interface BenchPage {
  open(engine: EngineName, request: OpenRequest): Promise<Opened>;
  /** @param sampling of our engine; greedy if it is undefined */
  generate(prompt: string, newTokens: number, sampling?: Sampling): Promise<Answer>;
  /** Applies adapters to our engine; an empty list removes them. */
  setAdapters(adapters: readonly BenchAdapter[]): Promise<void>;
  /** Counts of the worker's GPU meter since the worker started. */
  counts(): Promise<GpuCounts>;
  /** Terminates the worker. */
  close(): void;
  /** Empties OPFS and Cache Storage, so that the next load is a first visit. */
  clearStorage(): Promise<void>;
  /** Measures the time from logits on the GPU to a sampled token. */
  sampling(vocabulary: number, rounds: number): Promise<SamplingTimes>;
  /** Training steps, timed one by one. */
  training: { open(request: TrainingRequest): Promise<void>; step(): Promise<number> };
}

declare global {
  interface Window {
    bench: BenchPage;
  }
}
