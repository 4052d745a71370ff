/**
 * Jobs of the trainer worker: it trains an adapter over the quantized weights of a package, on sessions of its own beside the engine.
 * It holds one training at a time.
 */
import type { Gemma3Config } from '../gemma3/config.ts';
import type { AdapterModule } from '../lora/describe.ts';
import type { LoraSettings } from '../lora/training/parameters.ts';
import type { Measure, StepResult, TrainerState, TrainingSettings } from '../lora/training/trainer.ts';
import type { WishedAnswer } from '../lora/training/wished-answer.ts';
import type { OpenOptions, PackageSource, RuntimeInfo } from './engine.ts';
import type { Job, JobEvent } from './jobs.ts';

export type { TrainingImage, WishedAnswer } from '../lora/training/wished-answer.ts';

export interface PrepareRequest {
  source: PackageSource;
  /** 'auto' as when a package is opened. */
  provider: OpenOptions['provider'];
  lora: LoraSettings;
  settings: TrainingSettings;
  /** At least one. */
  trained: readonly WishedAnswer[];
  /** Only measured; may be empty. */
  heldOut: readonly WishedAnswer[];
  /** Answered whenever the rows are measured. */
  fixed: Pick<WishedAnswer, 'question' | 'image'>;
  /** Goes on from a checkpoint of a run with the same `lora`, `settings` and rows; undefined: an adapter that changes nothing yet. */
  from: TrainerState | undefined;
}

/**
 * Why `prepare` fails with `training-refused`, as `problem` of its detail, with what else the detail has.
 * rows: none is to be trained · answer: the tokenizer writes something else for it (RowPlace, question, answer, written) · length: the row has more
 * tokens than the model has positions (RowPlace, question, tokens, limit) · rank: more than a matrix has (rank, target, inputs, outputs) ·
 * targets: no projection is chosen · memory: a tab cannot hold it (name, bytes, limit)
 */
export type RefusedTraining = 'rows' | 'answer' | 'length' | 'rank' | 'targets' | 'memory';

/** Which of the rows of a PrepareRequest. */
export interface RowPlace {
  set: 'trained' | 'heldOut' | 'fixed';
  /** From 1 on. */
  row: number;
}

export interface PreparedTraining {
  config: Gemma3Config;
  /** Name for `base_model_name_or_path`. */
  baseModel: string;
  /** Numbers of A and B. */
  parameters: number;
  /** Tokens of each row of `trained` with its image and its answer, and of the answer with its end token. */
  rows: readonly { tokens: number; answerTokens: number }[];
  provider: 'webgpu' | 'wasm';
  /** Why the CPU trains; undefined on WebGPU. gpu-differs: the GPU computed another step than the CPU. */
  cpuReason: RuntimeInfo['cpuReason'] | 'gpu-differs';
  /** Threads of the CPU provider. */
  threads: number;
}

export type PrepareUpdate = {
  type: 'progress';
  /** package: its files are read · rows: texts and images are encoded · graphs: sessions are made */
  phase: 'package' | 'rows' | 'graphs';
  done: number;
  total: number;
};

/** Each `milestone` is sent once: not for a checkpoint that training goes on from, which has been measured. */
export interface TrainRequest {
  /** Goes back to a checkpoint first; undefined: goes on from where it is. */
  from: TrainerState | undefined;
  /** Trains until so many steps are done, at most `settings.steps`. */
  untilStep: number;
  /** Steps between two measurements; the first is before the first step, the last behind `untilStep`. */
  measureEvery: number;
  /** Held-out rows of a measurement; the one behind the last step of `settings.steps` takes all of them. */
  measuredRows: number;
}

/** What is known of the adapter after so many steps. Also a checkpoint. */
export interface Milestone {
  step: number;
  /** Undefined without held-out rows. */
  heldOut: Measure | undefined;
  /** Of as many trained rows, which shows whether they are known by heart. */
  trained: Measure;
  /** Greedy, to the fixed question. */
  answer: string;
  /** ‖s·BA‖ and singular values of each target. */
  modules: readonly AdapterModule[];
  state: TrainerState;
}

export type TrainUpdate =
  | { type: 'step'; result: StepResult; seconds: number }
  | { type: 'measuring'; done: number; total: number }
  | { type: 'milestone'; milestone: Milestone };

export interface TrainResult {
  /** diverged: a loss was no number any more; the adapter is the last one that had a loss, which is measured then. */
  reason: 'steps' | 'diverged';
  /** Steps done. */
  step: number;
}

export interface TrainerJobs {
  /** Fails with what opening a package fails with, and `training-refused`. Closes the training before it; if it fails or is stopped, none is left. */
  prepare: Job<PrepareRequest, PreparedTraining, PrepareUpdate>;
  /** Stops within a step. `state` is then that after the last whole step. If it fails, the training is closed. `no-model`: none was prepared. */
  train: Job<TrainRequest, TrainResult, TrainUpdate, { step: number; state: TrainerState }>;
  /** Frees sessions and rows. */
  close: Job<undefined>;
}

export type PrepareEvent = JobEvent<TrainerJobs['prepare']>;
export type TrainEvent = JobEvent<TrainerJobs['train']>;
