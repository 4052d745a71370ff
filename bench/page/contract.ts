/** What the driver (Node) asks of the page, and what it gets. */
import type { GpuCounts } from './gpu-meter.ts';
import type { SamplingTimes } from './sampling.ts';

/** `ours`: workers/engine.worker.ts as the page runs it. `peer`: transformers.js `generate`. */
export type EngineName = 'ours' | 'peer';
export const ENGINES: readonly EngineName[] = ['ours', 'peer'];

export interface OpenRequest {
  /** Folder of the package; ends in "/". */
  url: string;
  /** Length of our static KV cache in tokens; the peer's grows. */
  contextLength: number;
  /** `own`: the device that the peer's runtime asks for itself. `engine`: one with the features and limits of ours. */
  peerDevice: 'own' | 'engine';
  /** Dispatches are counted and not made: the answers mean nothing, their times are the processor's alone. */
  hostOnly: boolean;
  /** Class that loads the package in transformers.js. */
  architecture: string;
}

export interface Opened {
  /** From before `new Worker` to the open model. */
  milliseconds: number;
  /** The adapter, as the engine names it; undefined for the peer. */
  adapter: string | undefined;
}

/** Milliseconds by the worker's clock, counted from the request; ids as they came. */
export interface Answer {
  promptTokens: number;
  /** From the first run of a session to the end of the run that gives the first token. */
  prefillMilliseconds: number;
  firstTokenMilliseconds: number;
  /** (tokens − 1) / (last − first); NaN for a single token. */
  decodeTokensPerSecond: number;
  ids: number[];
}

/** The two files of a PEFT adapter, as text. */
export interface BenchAdapter {
  name: string;
  config: string;
  /** The safetensors file in base64. */
  weights: string;
}

/** Bench functions of the page, for the driver. Only one worker lives at a time. */
export interface BenchPage {
  open(engine: EngineName, request: OpenRequest): Promise<Opened>;
  generate(prompt: string, newTokens: number): Promise<Answer>;
  /** Puts adapters beside the weights of our engine; none takes them away. */
  setAdapters(adapters: readonly BenchAdapter[]): Promise<void>;
  /** What the worker's meter counted since its start. */
  counts(): Promise<GpuCounts>;
  /** Ends the worker. */
  close(): void;
  /** Empties OPFS and Cache Storage: the next load is a first visit. */
  clearStorage(): Promise<void>;
  /** Another measurement: from logits on the GPU to a token. */
  sampling(vocabulary: number, rounds: number): Promise<SamplingTimes>;
}

declare global {
  interface Window {
    bench: BenchPage;
  }
}
