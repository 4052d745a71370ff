/** LoRA adapters on the open model, and answers looked at token by token: what the LoRA lab asks of the engine. */
import type { BlobLike } from '../bytes.ts';
import type { ChatMessage } from '../chat/message.ts';
import type { AdapterInfo } from '../lora/describe.ts';
import type { Sampling } from '../sampling/sampling.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The two files that PEFT writes. */
export interface AdapterFiles {
  /** For people; unique among the adapters that are set together. */
  name: string;
  /** `adapter_config.json` */
  config: BlobLike;
  /** `adapter_model.safetensors` */
  weights: BlobLike;
}

/** An adapter of the caller's list. */
export interface ListedAdapter extends AdapterFiles {
  /** Names its files, which must not change under it: the engine reads those of an id once, while the id is in its requests. */
  id: string;
}

export interface SetAdaptersRequest {
  /** All that are applied from now on, at most MAX_ADAPTERS; an empty list takes the LoRA branches out of the graph. */
  adapters: readonly ListedAdapter[];
  /** One for each adapter, usually −1 … 2; 0 is the base model. */
  strengths: readonly number[];
  /** Cut each adapter to its best approximation of this rank (truncated SVD); undefined leaves it as it is. */
  truncateTo: readonly (number | undefined)[];
}

/**
 * Progress while the decoder's weights are read again, where its graph has to change. Stopped or failed, the adapters that
 * were applied before stay applied, unless the failure is `runtime` or `device-lost`: then the model is closed. Stop is heard until
 * the decoder is being replaced.
 */
export type SetAdaptersJob = Job<
  SetAdaptersRequest,
  { adapters: readonly AdapterInfo[] },
  { type: 'progress'; doneBytes: number; totalBytes: number }
>;

export type SetAdaptersEvent = JobEvent<SetAdaptersJob>;

/** One answer with the probabilities it was chosen by. The chat's KV prefix is forgotten; its images are not. */
export interface TraceRequest {
  messages: readonly ChatMessage[];
  sampling: Sampling;
  maxNewTokens: number;
  /** Of the adapters that are set, for this answer only; undefined takes those that are in force. */
  strengths: readonly number[] | undefined;
  /**
   * The answer is these tokens, all of them, whatever the model would choose and `maxNewTokens` says: how likely does it find
   * them? Ids without a row in the vocabulary are a fault of the caller.
   */
  forced: readonly number[] | undefined;
  /** How many other choices to tell for each token, the likeliest first. */
  alternatives: number;
  /** Send the logits of every step, float32 [vocabulary]: for a small vocabulary. */
  logits: boolean;
}

export interface TracedToken {
  id: number;
  /**
   * For display alone: decoded, or as the vocabulary has it for control tokens and bytes (`<end_of_turn>`, `<0xEA>`); a Korean
   * syllable may be spread over several.
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
  /** The whole answer, decoded at once, without control tokens. */
  text: string;
  decodeTokensPerSecond: number | undefined;
}

export type TraceJob = Job<TraceRequest, TraceResult, TraceUpdate>;
export type TraceEvent = JobEvent<TraceJob>;
