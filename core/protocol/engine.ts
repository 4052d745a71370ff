/** Message types between the page and the engine worker. */
import type { BlobLike } from '../bytes.ts';
import type { ChatMessage } from '../chat/message.ts';
import type { SelfTest } from '../self-test/expected.ts';
import type { Sampling } from '../sampling/sampling.ts';
import type { SetAdaptersJob, TraceJob } from './adapters.ts';
import type { ExamJob } from './exam.ts';
import type { Job, JobEvent, Nothing } from './jobs.ts';
import type { Teaches } from './manifest.ts';
import type { NearestJob } from './nearest.ts';
import type { MemoryPlanned, Stats, TurnStats } from './stats.ts';

/** The jobs of `engine.worker.ts`. Only one job that runs the model is allowed at a time; another one fails with `busy`. */
export interface EngineJobs {
  /** Loads a package after closing the one that is open. */
  open: Job<OpenRequest, { model: ModelInfo; milliseconds: number }, OpenProgress | OpenNotice>;
  /** Answers the last message of a conversation. Reuses the KV cache of the longest common prefix with the last call. */
  generate: Job<GenerateRequest, { reason: EndReason; turn: TurnStats }, GenerateUpdate, { turn: TurnStats }>;
  /**
   * Finds the tokens whose embedding rows have the highest cosine similarity to the rows that new tokens would get, in one pass
   * over the open package's table: seconds for a large vocabulary. Reads the package's files; does not affect the conversation.
   */
  nearestTokens: NearestJob;
  /**
   * Replaces the adapters that are applied to the open model. Discards the conversation's cached KV prefix, which was computed
   * with the previous adapters.
   */
  setAdapters: SetAdaptersJob;
  /**
   * Strengths of the adapters, in the order of setAdapters. Takes effect at the next token, even within an answer; the next
   * answer recomputes its whole prompt with the new strengths. Ignored if the count does not match or a value is not finite.
   */
  setStrengths: Job<readonly number[]>;
  /** Answers questions of an exam. Discards the chat's cached KV prefix. */
  exam: ExamJob;
  /** Generates an answer, or scores a given one, and reports the probability of each token. */
  trace: TraceJob;
  /**
   * Computes what a package must answer, on the CPU in float32, for its manifest. Closes the model that is open.
   * Fails with `too-large-for-cpu` for a package that the CPU provider cannot hold.
   */
  recordSelfTest: Job<{ source: PackageSource }, { selfTest: SelfTest }>;
  /**
   * Sends statistics about four times a second while another job runs, at the beginning of each phase, and once after the job, until
   * this job is stopped.
   */
  watch: Job<undefined, Nothing, { type: 'stats'; stats: Stats } | MemoryPlanned>;
  /** Clears the conversation (KV prefix and image features) and keeps the weights. Has no effect while a job runs. */
  forget: Job<undefined>;
}

export type OpenEvent = JobEvent<EngineJobs['open']>;
export type GenerateEvent = JobEvent<EngineJobs['generate']>;

/** Where a model package comes from. */
export type PackageSource =
  /** A folder served over HTTP; ends in "/". `token` is sent to its origin as `Authorization: Bearer`. */
  | { type: 'url'; url: string; token?: string | undefined }
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
  /** 'auto' uses WebGPU on a hardware GPU, and a software adapter only for packages too large for the CPU provider. */
  provider: 'auto' | 'webgpu' | 'wasm';
  /** dtype of the decoder that must run, of those that the package has. Absent: the engine chooses by the device. */
  variant?: string | undefined;
  /**
   * False: the vision encoder's weights are uploaded for each image and freed afterwards, for small cards. Default: true. The CPU
   * provider always keeps them.
   */
  keepVisionOnGpu?: boolean;
  /** True: MedGemma (`core/terms/hai-def.ts`) fails with `terms-not-accepted`, before its graphs and weights are fetched. */
  asksForTerms?: boolean;
  /** Default: mode 'auto', and nothing measured before. */
  graphCapture?: GraphCaptureOptions;
  /** False: the GPU device is requested without `subgroups`, for drivers whose subgroup operations are wrong. Default: true. */
  subgroups?: boolean;
  /** Earlier self-tests by `SelfTestResult.key`. What passed is not tested again, what failed is not loaded. Default: none. */
  selfTests?: Readonly<Record<string, 'passed' | SelfTestPart>>;
}

/**
 * What a self-test computes. prefill: logits after a prompt · decode: after single tokens · choice: the token that the GPU chooses ·
 * image: features of an image · imagePrefill: logits after a prompt with it · captured: decode by graph capture
 */
export const SELF_TEST_PARTS = ['prefill', 'decode', 'choice', 'image', 'imagePrefill', 'captured'] as const;
export type SelfTestPart = (typeof SELF_TEST_PARTS)[number];

/** Whether the open model computes what its manifest says. */
export interface SelfTestResult {
  /**
   * passed: now · known: in an earlier opening · none: the package has no values to compare with · capture-off: all but the captured
   * steps is right, so decode is not captured
   */
  state: 'passed' | 'known' | 'none' | 'capture-off';
  /** The largest difference, relative to the spread of the right values; undefined where nothing was compared now. */
  difference: number | undefined;
  /** Names package, variant, adapter, browser and options; undefined where the package has no values. */
  key: string | undefined;
}

/** Decode with WebGPU's graph capture, which repeats recorded commands: less work for the processor, on some drivers slower. */
export interface GraphCaptureOptions {
  /** 'auto' measures both when a model is opened and takes the faster one. */
  mode: 'auto' | 'on' | 'off';
  /** Times of earlier openings by `GraphCapture.key`: what is there is not measured again. */
  known: Readonly<Record<string, StepTimes>>;
}

/** Milliseconds of a decode step. */
export interface StepTimes {
  plain: number;
  captured: number;
}

/** Whether decode is captured in the open model, and why. */
export interface GraphCapture {
  used: boolean;
  /**
   * asked: the mode was 'on' or 'off' · measured: now · known: from an earlier opening · cpu: there is no GPU · software-adapter:
   * not tried, its time goes into the kernels · unsupported: this decoder cannot be captured, `detail` says why · wrong: the captured
   * steps failed the self-test
   */
  reason: 'asked' | 'measured' | 'known' | 'cpu' | 'software-adapter' | 'unsupported' | 'wrong';
  times: StepTimes | undefined;
  /** Names adapter, browser and model: where times are kept. Undefined where nothing is measured. */
  key: string | undefined;
  /** In English, of ONNX Runtime or of the graph patch. */
  detail: string | undefined;
  /** Longest context that is decoded captured: the runtime ignores the sliding window in captured runs. 0 if not used. */
  positions: number;
}

/**
 * Why a variant of the package runs. only-one: it has no other · asked: `OpenOptions.variant` · float16: the GPU computes in float16
 * (`shader-f16`) · no-float16: it does not · cpu: the CPU computes in float32
 */
export type VariantReason = 'only-one' | 'asked' | 'float16' | 'no-float16' | 'cpu';

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

/** A problem that did not stop the job. */
export type StoreNotice =
  /**
   * The file is kept in memory only and will be downloaded again next time.
   * no-storage: the browser has no OPFS (private window) · no-room: the quota is too small · locked: another tab writes it
   */
  | { type: 'kept-in-memory'; file: string; reason: 'no-storage' | 'no-room' | 'locked' }
  /** The server cannot be reached; the stored copy is used. */
  | { type: 'offline-copy'; file: string }
  /** The server no longer has the file; the stored copy is used. */
  | { type: 'gone-copy'; file: string }
  /** Another tab downloads the file; what it brings is waited for and used. */
  | { type: 'other-tab'; file: string }
  /** The package has no manifest: nothing says which bytes are right, only the server's sizes and versions are compared. */
  | { type: 'unchecked'; file: string };

/** download: from the network · weights: upload to the device · compile: first run with shader compilation, no byte counts */
export type OpenPhase = 'download' | 'weights' | 'compile';

/** The model on the device. */
export interface ModelInfo {
  name: string;
  /** True if the manifest declares random weights; the page must say so. */
  randomWeights: boolean;
  /** `teaches` of the manifest. */
  teaches: Teaches | undefined;
  /** dtype of decoder and vision encoder as in transformers.js: fp32, fp16, q4, q4f16, q8. */
  dtype: { decoder: string; vision: string | undefined };
  /** Why this decoder, where the package has several. */
  variantReason: VariantReason;
  parameters: number | undefined;
  layers: number;
  vocabularySize: number;
  hasVision: boolean;
  /** 'causal': a third-party export whose image tokens do not attend to each other in both directions, as in Gemma 3. */
  imageAttention: 'bidirectional' | 'causal' | undefined;
  tokensPerImage: number;
  contextLength: number;
  graphCapture: GraphCapture;
  selfTest: SelfTestResult;
  runtime: RuntimeInfo;
}

export interface RuntimeInfo {
  /** 'cpu' is the native CPU provider of onnxruntime-node, which `npm run generate` uses; the page has the other two. */
  provider: 'webgpu' | 'wasm' | 'cpu';
  /** The build of onnxruntime-web in use, or the native one of onnxruntime-node. */
  build: 'jspi' | 'asyncify' | 'wasm' | 'native';
  /** The GPU as the browser reports it; undefined on the CPU. */
  adapter: GpuAdapterInfo | undefined;
  /** Why the page uses the CPU; undefined on WebGPU and in Node. */
  cpuReason: 'no-webgpu' | 'no-adapter' | 'software-adapter' | 'asked' | undefined;
}

export interface GpuAdapterInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** True for a software adapter (SwiftShader, llvmpipe), whose timings say nothing about GPUs. */
  isFallback: boolean;
  shaderF16: boolean;
}

export interface GenerateRequest {
  messages: readonly ChatMessage[];
  sampling: Sampling;
  maxNewTokens: number;
  /** True: end tokens do not end the answer, so that it has exactly `maxNewTokens` tokens. For measurements. */
  ignoresEndTokens?: boolean | undefined;
  /** Maximum speed, so that users can follow an answer and change settings during it. Absent: unlimited. */
  tokensPerSecond?: number | undefined;
  /** Absent: 'off'. */
  promptLookup?: PromptLookup | undefined;
}

/**
 * Prompt lookup: what stands in prompt and answer already is drafted and verified, several tokens in one run of the decoder; the answer is
 * the greedy one. For greedy decoding without a speed limit; ignored elsewhere, and where a decoder cannot verify. 'auto' drafts
 * where that is measured to take less time.
 */
export type PromptLookup = 'auto' | 'on' | 'off';

export type GenerateUpdate =
  | { type: 'progress'; phase: 'image' | 'prefill'; done: number; total: number }
  /**
   * New text since the last event, at most one event per frame (two when a thought begins or ends). `ids` are its tokens;
   * `thought` marks the model's thinking, which the page collapses and does not send back.
   */
  | { type: 'token'; text: string; thought: boolean; ids: readonly number[] };

/** Why an answer ended: end token, `maxNewTokens`, or full context. */
export type EndReason = 'end' | 'length' | 'context-full';
