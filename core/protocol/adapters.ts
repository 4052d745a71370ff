/** Engine jobs of the LoRA lab: applying adapters to the open model, and tracing answers token by token. */
import type { BlobLike } from '../bytes.ts';
import type { ChatMessage } from '../chat/message.ts';
import type { AdapterInfo } from '../lora/describe.ts';
import type { Sampling } from '../sampling/sampling.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The two files of a PEFT adapter. */
export interface AdapterFiles {
  /** Display name; unique among the adapters of a request. */
  name: string;
  /** `adapter_config.json` */
  config: BlobLike;
  /** `adapter_model.safetensors` */
  weights: BlobLike;
}

/** An adapter with an id for caching. */
export interface ListedAdapter extends AdapterFiles {
  /** Identifies the files, which must not change. The engine caches them by id until a request no longer contains the id. */
  id: string;
}

export interface SetAdaptersRequest {
  /** All adapters to apply, at most MAX_ADAPTERS. An empty list removes the LoRA branches from the graph. */
  adapters: readonly ListedAdapter[];
  /** One per adapter, usually −1 … 2; 0 gives the base model. */
  strengths: readonly number[];
  /** Rank to which each adapter is truncated (truncated SVD); undefined keeps the original rank. */
  truncateTo: readonly (number | undefined)[];
}

/**
 * Reports progress while the decoder's weights are reloaded, if its graph has to change. If the job is stopped or fails,
 * the previous adapters stay applied; only the failures `runtime` and `device-lost` close the model. The job can be stopped
 * until the decoder is being replaced.
 */
export type SetAdaptersJob = Job<
  SetAdaptersRequest,
  { adapters: readonly AdapterInfo[] },
  { type: 'progress'; doneBytes: number; totalBytes: number }
>;

export type SetAdaptersEvent = JobEvent<SetAdaptersJob>;

/** Generates one answer with token probabilities. Discards the chat's cached KV prefix, but keeps its image features. */
export interface TraceRequest {
  messages: readonly ChatMessage[];
  sampling: Sampling;
  maxNewTokens: number;
  /** Adapter strengths for this answer only; undefined uses the current ones. */
  strengths: readonly number[] | undefined;
  /**
   * Teacher forcing: the answer consists of exactly these tokens, regardless of `maxNewTokens`, and the result gives their
   * probabilities. All ids must be in the vocabulary.
   */
  forced: readonly number[] | undefined;
  /** Number of alternatives to report for each token, most probable first. */
  alternatives: number;
  /** Send the logits of every step, float32 [vocabulary]; intended for small vocabularies. */
  logits: boolean;
}

export interface TracedToken {
  id: number;
  /**
   * For display only: the decoded token, or the vocabulary entry for control tokens and bytes (`<end_of_turn>`, `<0xEA>`). A
   * Korean syllable may consist of several tokens.
   */
  text: string;
  /** Softmax of the unscaled logits at temperature 1, before top-k and top-p. */
  probability: number;
  alternatives: readonly { id: number; text: string; probability: number }[];
  logits: Float32Array | undefined;
}

export type TraceUpdate =
  { type: 'progress'; phase: 'image' | 'prefill'; done: number; total: number } | { type: 'token'; token: TracedToken };

export interface TraceResult {
  reason: 'end' | 'length' | 'context-full';
  /** The whole answer, decoded as one sequence, without control tokens. */
  text: string;
  decodeTokensPerSecond: number | undefined;
}

export type TraceJob = Job<TraceRequest, TraceResult, TraceUpdate>;
export type TraceEvent = JobEvent<TraceJob>;
