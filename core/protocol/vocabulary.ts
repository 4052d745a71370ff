/** The contract between the page and the vocabulary worker: wrong merges on the reader's text, and training. */
import type { BlobLike } from '../bytes.ts';
import type { Pack } from '../tokenizer/korean/pack.ts';
import type { MergeMethod } from '../tokenizer/korean/wrong-merges.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The jobs of `vocabulary.worker.ts`, one after the other. Addresses are absolute. */
export interface VocabularyJobs {
  compare: Job<CompareMethodsRequest, MergeComparison>;
  /** The new tokens of a pack with what the base cuts them into, in the order of their merges. */
  newTokens: Job<PackRequest, { tokens: readonly PackToken[] }>;
  /** There are fewer merges than asked for where no other pair is frequent enough. */
  train: Job<TrainingRequest, { pack: Pack; point: CurvePoint }, TrainingUpdate>;
}

export type TrainingEvent = JobEvent<VocabularyJobs['train']>;

export interface PackRequest {
  /** The compact vocabulary of Gemma 3. */
  base: string;
  pack: string;
}

/** The pack is merged in every method. */
export interface CompareMethodsRequest extends PackRequest {
  text: string;
}

export interface PackToken {
  id: number;
  piece: string;
  /** Of the base. */
  subwords: readonly { id: number; piece: string }[];
}

/** A text through every method of merging one pack. */
export interface MergeComparison {
  /** Tokens of the pack. */
  size: number;
  /** Sentences of the text. */
  sentences: number;
  baseTokens: number;
  methods: readonly MergeMethodResult[];
}

/** The text through one of the methods; sentences are compared with the base, one by one. */
export interface MergeMethodResult {
  method: MergeMethod;
  tokens: number;
  /** How many of them are tokens of the pack. */
  newTokens: number;
  longer: number;
  shorter: number;
  /** Tokens of the pack that come out when their own text goes in. */
  reachable: number;
  /** The sentence that lost most, or, where none did, that gained most; undefined where nothing changed. */
  example: MergeExample | undefined;
}

export interface MergeExample {
  base: readonly ShownToken[];
  merged: readonly ShownToken[];
}

export interface ShownToken {
  text: string;
  isNew: boolean;
}

export interface TrainingRequest {
  base: string;
  /** Of the pack. */
  name: string;
  text: { type: 'text'; text: string } | { type: 'file'; name: string; file: BlobLike };
  tokens: number;
  minFrequency: number;
}

/** Every so many different sentences one is held out. */
export const HELD_OUT_EVERY = 10;
/** Fewer held-out sentences say nothing. */
export const MIN_HELD_OUT = 3;
/** More would only slow the curve down. */
export const MAX_HELD_OUT = 2000;

/** Tokens of the held-out sentences with so many merges. */
export interface CurvePoint {
  merges: number;
  tokens: number;
}

/** `left`, `right`, frequency in the training text when they were merged. */
export type PackMerge = Pack['merges'][number];

export type TrainingUpdate =
  | { type: 'progress'; phase: 'read' | 'count'; share: number }
  /** The text is read: what there is to train and to measure on. */
  | { type: 'split'; sentences: number; heldOut: number; point: CurvePoint }
  | { type: 'merges'; done: number; latest: readonly PackMerge[]; point: CurvePoint | undefined };
