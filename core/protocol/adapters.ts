/** LoRA adapters on the open model, and answers looked at token by token: what the LoRA lab asks of the engine. */
import type { BlobLike } from '../bytes.ts';
import type { Projection } from '../gemma3/projections.ts';
import type { ChatMessage, Sampling } from './conversation.ts';
import type { Failure } from '../failure.ts';

/** The two files that PEFT writes. */
export interface AdapterFiles {
  /** For people; unique among the adapters that are set together. */
  name: string;
  /** `adapter_config.json` */
  config: BlobLike;
  /** `adapter_model.safetensors` */
  weights: BlobLike;
}

/** An adapter that was read and fits the open model: as its files have it, whatever `truncateTo` makes of it. */
export interface AdapterInfo {
  name: string;
  rank: number;
  alpha: number;
  rankStabilized: boolean;
  /** What it says it was trained on. */
  baseModel: string | undefined;
  /** Parameters of A and B, by the shapes in the file. */
  parameters: number;
  /** By layer, in a layer in the order of PROJECTIONS. */
  modules: readonly AdapterModule[];
}

export interface AdapterModule {
  layer: number;
  target: Projection;
  /** Columns and rows of W. */
  inputs: number;
  outputs: number;
  rank: number;
  scale: number;
  /** ‖s·BA‖, Frobenius. */
  updateNorm: number;
  /** Of s·BA, largest first, as many as the rank. */
  singularValues: readonly number[];
}

export interface SetAdaptersRequest {
  /** All that are to stand beside the weights from now on, at most MAX_ADAPTERS; none takes the branches out again. */
  adapters: readonly AdapterFiles[];
  /** One for each, −1 … 2 by habit; 0 is the base model. */
  strengths: readonly number[];
  /** Cut each adapter to its best approximation of this rank (truncated SVD); undefined leaves it as it is. */
  truncateTo: readonly (number | undefined)[];
}

export type SetAdaptersEvent =
  /** The decoder's weights are read again, where its graph has to change. */
  | { type: 'progress'; doneBytes: number; totalBytes: number }
  | { type: 'done'; adapters: readonly AdapterInfo[] }
  /** The adapters that stood before stand still. Once the decoder is being replaced, Stop is too late. */
  | { type: 'stopped' }
  /** The adapters that stood before stand still, unless the failure is `runtime` or `device-lost`: then the model is closed. */
  | { type: 'failed'; failure: Failure };

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

export type TraceEvent =
  | { type: 'progress'; phase: 'image' | 'prefill'; done: number; total: number }
  | { type: 'token'; token: TracedToken }
  /** `text` is the whole answer, decoded at once, without control tokens. */
  | { type: 'done'; reason: 'end' | 'length' | 'context-full'; text: string; decodeTokensPerSecond: number | undefined }
  | { type: 'stopped' }
  | { type: 'failed'; failure: Failure };
