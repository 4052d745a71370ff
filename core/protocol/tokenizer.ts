/** Message types between the page and the tokenizer worker. */
import type { BlobLike } from '../bytes.ts';
import type { Pair, PairsMeasure } from '../tokenizer/statistics/measure.ts';
import type { TextEdit } from '../tokenizer/text/text-edit.ts';
import type { MergeStep, TokenKind } from '../tokenizer/tokenizer.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The page's name for a tokenizer that the worker holds: `base`, `ko-8960`, `own-1`, … */
export type TokenizerKey = string;

/** The jobs of `tokenizer.worker.ts`. They run concurrently; long jobs yield to short ones. */
export interface TokenizerJobs {
  /** Loads a tokenizer and stores it under `key`. An earlier one with this key is replaced when loading succeeds. */
  load: Job<
    { key: TokenizerKey; source: TokenizerSource },
    { tokenizer: TokenizerInfo },
    { type: 'progress'; doneBytes: number; totalBytes: number | undefined }
  >;
  forget: Job<TokenizerKey>;
  /**
   * Applies an edit to the worker's copy of the text and returns the changes. Edits are applied in the order of the calls; a
   * request whose `version` is not the last one plus 1 gets `{ type: 'resend' }`.
   */
  edit: Job<EditRequest, { reply: EditReply }>;
  /** Undefined if the tokenizer does not have the token or is no longer loaded. */
  inspect: Job<{ key: TokenizerKey; id: number }, { facts: TokenFacts | undefined }>;
  /** Token counts of every sentence of the pairs with several tokenizers. */
  measurePairs: Job<PairsRequest, { counts: readonly PairCounts[] }, PairsProgress>;
  /** The pieces of short texts, each cut alone: terms of a list. A new request cancels earlier ones. */
  cut: Job<CutRequest, { cuts: readonly TextCuts[] }, CutProgress>;
  /** As measurePairs, summarized: sums, ratios and the sentences that change most. A new request cancels earlier ones. */
  comparePairs: Job<PairsRequest, { results: readonly PairsResult[] }, PairsProgress>;
}

export type LoadEvent = JobEvent<TokenizerJobs['load']>;

/** Source of a tokenizer. URLs are absolute, since the worker cannot resolve relative ones. */
export type TokenizerSource =
  /** The compact vocabulary of Gemma 3, created by the build. */
  | { type: 'base'; url: string }
  /** A pack for the base, shipped with the page. */
  | { type: 'pack'; url: string }
  /** tokenizer.json, SentencePiece `.model`, or a pack, chosen by the user. */
  | { type: 'file'; file: BlobLike; name: string }
  /**
   * `owner/name` on Hugging Face; `root` is the host; tests use another one. `token` is sent to its origin as
   * `Authorization: Bearer`.
   */
  | { type: 'hugging-face'; id: string; root: string; token?: string | undefined };

/** Facts about a loaded tokenizer. */
export interface TokenizerInfo {
  /** Largest id + 1. */
  size: number;
  /** A pack added the ids from here on; undefined for tokenizers other than the base and its packs. */
  firstNewId: number | undefined;
  /** `BPE`, `Unigram`, `WordPiece`, … */
  model: string;
}

export interface EditRequest {
  /** Version of the text after this edit: the previous version plus 1. */
  version: number;
  /** `all`: `edit.insert` is the whole text, and the reply contains all units, e.g. after a change of tokenizers. */
  scope: 'all' | 'edit';
  edit: TextEdit;
  keys: readonly TokenizerKey[];
}

export type EditReply =
  | { type: 'resend' }
  | {
      type: 'units';
      version: number;
      /** Number of previous units kept at the start and at the end; the new units replace those in between. */
      keptStart: number;
      keptEnd: number;
      /** UTF-16 lengths of the new units. A unit is a sentence with the line breaks after it, or a slice of a long one. */
      lengths: Int32Array;
      /** 1 for a new unit that continues the sentence of the unit before it. */
      inside: Uint8Array;
      /** One per loaded key, in the order of the request. */
      lanes: readonly TokensByUnit[];
    };

/** Tokens of all new units with one tokenizer, concatenated. */
export interface TokensByUnit {
  key: TokenizerKey;
  /** Number of tokens of each unit. */
  counts: Int32Array;
  /** One entry per token. */
  ids: Int32Array;
  /** End of each token in its unit, in UTF-16 units; see `Segmentation`. */
  ends: Int32Array;
  /**
   * Index in `TOKEN_KINDS`, plus `NEW_TOKEN` for tokens of a pack, plus `CONTINUED` for the rest of a token of the
   * previous unit.
   */
  marks: Uint8Array;
  /** Time in the worker. */
  milliseconds: number;
}

export const TOKEN_KINDS: readonly TokenKind[] = ['piece', 'byte', 'added', 'unknown'];
export const BYTE_KIND = 1;
export const UNKNOWN_KIND = 3;
export const KIND_BITS = 3;
export const NEW_TOKEN = 4;
export const CONTINUED = 8;

export interface TokenFacts {
  id: number;
  /** Vocabulary entry: `▁the`, `<0xEA>`. */
  piece: string;
  kind: TokenKind;
  /** UTF-8 of the token's text. */
  bytes: Uint8Array;
  isNew: boolean;
  history: readonly MergeStep[];
}

export interface CutRequest {
  texts: readonly string[];
  keys: readonly TokenizerKey[];
}

/** Pieces of each text in one tokenizer, as its vocabulary writes them. */
export interface TextCuts {
  key: TokenizerKey;
  pieces: readonly (readonly string[])[];
}

export interface CutProgress {
  type: 'progress';
  done: number;
  total: number;
}

export interface PairsRequest {
  pairs: readonly Pair[];
  /** The first is the baseline of the comparison. */
  keys: readonly TokenizerKey[];
}

/** A sentence and its translation. */
export type TextPair = Pair;

/** Token counts of pairs; entry i of an array belongs to pair i. */
export interface PairCounts {
  key: TokenizerKey;
  english: Int32Array;
  korean: Int32Array;
}

export interface PairsResult {
  key: TokenizerKey;
  measure: PairsMeasure;
}

export interface PairsProgress {
  type: 'progress';
  done: number;
  total: number;
}
