/** The contract between the page and the lessons worker: wrong merges on the reader's text, and training. */
import type { BlobLike } from '../bytes.ts';
import type { Pack } from '../tokenizer/korean/pack.ts';
import type { MergeMethod } from '../tokenizer/korean/wrong-merges.ts';
import type { JobId, Listener } from './engine.ts';
import type { LabFailure } from './tokenizer.ts';

/** What `lessons.worker.ts` exposes through comlink. Addresses are absolute. A job is cancelled by ending the worker. */
export interface LessonsApi {
  compare(request: CompareMethodsRequest): Promise<CompareMethodsReply>;
  /** The new tokens of a pack with what the base cuts them into, in the order of their merges. */
  newTokens(request: PackRequest): Promise<NewTokensReply>;
  train(job: JobId, request: TrainingRequest, on: Listener<TrainingEvent>): Promise<void>;
}

export interface PackRequest {
  /** The compact vocabulary of Gemma 3. */
  base: string;
  pack: string;
}

/** The pack is merged in every method. */
export interface CompareMethodsRequest extends PackRequest {
  text: string;
}

export type NewTokensReply = { type: 'done'; tokens: readonly PackToken[] } | { type: 'failed'; failure: LabFailure };

export interface PackToken {
  id: number;
  piece: string;
  /** Of the base. */
  subwords: readonly { id: number; piece: string }[];
}

export type CompareMethodsReply =
  | {
      type: 'done';
      /** Tokens of the pack. */
      size: number;
      /** Sentences of the text. */
      sentences: number;
      baseTokens: number;
      methods: readonly MergeMethodResult[];
    }
  | { type: 'failed'; failure: LabFailure };

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

export type TrainingEvent =
  | { type: 'progress'; phase: 'read' | 'count'; share: number }
  /** The text is read: what there is to train and to measure on. */
  | { type: 'split'; sentences: number; heldOut: number; point: CurvePoint }
  | { type: 'merges'; done: number; latest: readonly PackMerge[]; point: CurvePoint | undefined }
  /** Fewer merges than asked for: no other pair is frequent enough. */
  | { type: 'done'; pack: Pack; point: CurvePoint }
  | { type: 'stopped' }
  | { type: 'failed'; failure: TrainingFailure };

export type TrainingFailure =
  | LabFailure
  /** No sentence at all. */
  | { code: 'no-text'; detail: Record<string, never> }
  /** No Hangul in it. */
  | { code: 'no-hangul'; detail: { sentences: number } }
  /** detail: different sentences there are and are needed */
  | { code: 'too-little'; detail: { sentences: number; least: number } }
  /** No pair of neighbours is frequent enough. */
  | { code: 'no-pair'; detail: { frequency: number } };
