/** Message types between the page and the vocabulary worker: comparing merge methods, and training. */
import type { TextEncoding } from '../text/encoding.ts';
import type { BlobLike } from '../bytes.ts';
import type { Pack } from '../tokenizer/korean/pack.ts';
import type { MergeMethod } from '../tokenizer/korean/wrong-merges.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The jobs of `vocabulary.worker.ts`, which run one after the other. URLs are absolute. */
export interface VocabularyJobs {
  compare: Job<CompareMethodsRequest, MergeComparison>;
  /** The new tokens of a pack with their base subwords, in the order of the merges. */
  newTokens: Job<PackRequest, { tokens: readonly PackToken[] }>;
  /** Gives fewer merges than requested if no other pair is frequent enough. */
  train: Job<TrainingRequest, { pack: Pack; point: CurvePoint }, TrainingUpdate>;
}

export type TrainingEvent = JobEvent<VocabularyJobs['train']>;

export interface PackRequest {
  /** The compact vocabulary of Gemma 3. */
  base: string;
  pack: string;
}

/** The pack is merged with every method. */
export interface CompareMethodsRequest extends PackRequest {
  text: string;
}

export interface PackToken {
  id: number;
  piece: string;
  /** Base tokens that the base tokenizer splits it into. */
  subwords: readonly { id: number; piece: string }[];
}

/** Results of all methods of merging one pack, on one text. */
export interface MergeComparison {
  /** Tokens of the pack. */
  size: number;
  /** Sentences of the text. */
  sentences: number;
  baseTokens: number;
  methods: readonly MergeMethodResult[];
}

/** Result of one method. Every sentence is compared with the base tokenizer. */
export interface MergeMethodResult {
  method: MergeMethod;
  tokens: number;
  /** How many of the tokens belong to the pack. */
  newTokens: number;
  longer: number;
  shorter: number;
  /** Number of pack tokens that encoding their own text produces. */
  reachable: number;
  /** The sentence with the largest loss or, without losses, the largest gain; undefined if nothing changed. */
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
  /** Name of the pack. */
  name: string;
  text: { type: 'text'; text: string } | { type: 'file'; name: string; file: BlobLike };
  tokens: number;
  minFrequency: number;
}

/** One of every HELD_OUT_EVERY distinct sentences is held out. */
export const HELD_OUT_EVERY = 10;
/** Minimum number of held-out sentences for a meaningful result. */
export const MIN_HELD_OUT = 3;
/** Maximum number of held-out sentences; more would only slow the measurement. */
export const MAX_HELD_OUT = 2000;

/** Tokens of the held-out sentences after a number of merges. */
export interface CurvePoint {
  merges: number;
  tokens: number;
}

/** `left`, `right`, and the frequency of the pair in the training text when it was merged. */
export type PackMerge = Pack['merges'][number];

/** What must be told about how the text was read. */
export interface ReadTraining {
  /** Set if the encoding of the file was guessed. */
  encoding: TextEncoding | undefined;
  /** Sentences with decomposed Hangul (NFD), which is taken as it stands. */
  decomposed: number;
}

export type TrainingUpdate =
  | { type: 'progress'; phase: 'read' | 'count'; share: number }
  /** The text is read and split into training and held-out sentences. */
  | ({ type: 'split'; sentences: number; heldOut: number; point: CurvePoint } & ReadTraining)
  | { type: 'merges'; done: number; latest: readonly PackMerge[]; point: CurvePoint | undefined };
