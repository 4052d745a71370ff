/** The contract between the page and the lab worker: what the tokenizer lab computes on the processor. */
import type { BlobLike } from '../bytes.ts';
import type { Pair, PairsMeasure } from '../tokenizer/statistics/measure.ts';
import type { TextEdit } from '../tokenizer/text/text-edit.ts';
import type { MergeStep, TokenKind } from '../tokenizer/tokenizer.ts';
import type { Job, JobEvent } from './jobs.ts';

/** The page's name for a tokenizer that the worker holds: `base`, `ko-8960`, `own-1`, … */
export type TokenizerKey = string;

/** The jobs of `tokenizer.worker.ts`. They run beside each other; long ones let the short ones in. */
export interface TokenizerJobs {
  /** Reads a tokenizer and keeps it under `key`; one that was there before is replaced once this one stands. */
  load: Job<
    { key: TokenizerKey; source: TokenizerSource },
    { tokenizer: TokenizerInfo },
    { type: 'progress'; doneBytes: number; totalBytes: number | undefined }
  >;
  forget: Job<TokenizerKey>;
  /**
   * Brings the worker's copy of the text up to date and answers with what that changed. Edits are applied in the order
   * of the calls; a request whose `version` does not follow the last one gets `{ type: 'resend' }`.
   */
  edit: Job<EditRequest, { reply: EditReply }>;
  /** Undefined where the tokenizer has no such token, or is gone. */
  inspect: Job<{ key: TokenizerKey; id: number }, { facts: TokenFacts | undefined }>;
  /** Tokens of every sentence of the pairs through several tokenizers. */
  measurePairs: Job<PairsRequest, { counts: readonly PairCounts[] }, PairsProgress>;
  /** The same as sums, ratios and the sentences that change most. The newest request wins. */
  comparePairs: Job<PairsRequest, { results: readonly PairsResult[] }, PairsProgress>;
}

export type LoadEvent = JobEvent<TokenizerJobs['load']>;

/** Where a tokenizer comes from. Addresses are absolute: the worker has none of its own. */
export type TokenizerSource =
  /** The compact vocabulary of Gemma 3 that the build makes. */
  | { type: 'base'; url: string }
  /** A pack for the base, shipped beside the page. */
  | { type: 'pack'; url: string }
  /** tokenizer.json, SentencePiece `.model`, or a pack, from the visitor. */
  | { type: 'file'; file: BlobLike; name: string }
  /** `owner/name` on Hugging Face; `root` is the host, so that tests can bring their own. */
  | { type: 'hugging-face'; id: string; root: string };

/** What the page needs to know of a tokenizer. */
export interface TokenizerInfo {
  /** Largest id + 1. */
  size: number;
  /** Ids from here on were added by a pack; undefined for a tokenizer that is none of ours. */
  firstNewId: number | undefined;
  /** own: our encoder · library: what ours cannot read runs on @huggingface/tokenizers, slower */
  encoder: 'own' | 'library';
  /** False where the encoder changes the text before it cuts it, so that places in the text are found by looking for the pieces. */
  placesAreExact: boolean;
  /** `BPE`, `Unigram`, `WordPiece`, … */
  model: string;
}

export interface EditRequest {
  /** Of the text after this edit; one more than that of the edit before. */
  version: number;
  /** `all`: the text is `edit.insert` alone, and every unit is answered, e.g. because the tokenizers are others. */
  scope: 'all' | 'edit';
  edit: TextEdit;
  keys: readonly TokenizerKey[];
}

export type EditReply =
  | { type: 'resend' }
  | {
      type: 'units';
      version: number;
      /** Of the units before: so many stay at the start and at the end; those between give way to the new ones. */
      keptStart: number;
      keptEnd: number;
      /** UTF-16 lengths of the new units. A unit is a sentence with the line breaks behind it. */
      lengths: Int32Array;
      /** One for each key that the worker holds, in the order of the request. */
      lanes: readonly TokensByUnit[];
    };

/** The new units through one tokenizer, one behind the other. */
export interface TokensByUnit {
  key: TokenizerKey;
  /** Tokens of each unit. */
  counts: Int32Array;
  /** One entry a token. */
  ids: Int32Array;
  /** Where each token ends in its unit, in UTF-16 units; see `Segmentation`. */
  ends: Int32Array;
  /** `TOKEN_KINDS` by index, plus `NEW_TOKEN` for what a pack added, plus `CONTINUED` for the rest of a token of the unit before. */
  marks: Uint8Array;
  /** Milliseconds of the worker. */
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
  /** As the vocabulary writes it: `▁the`, `<0xEA>`. */
  piece: string;
  kind: TokenKind;
  /** UTF-8 of the text that it stands for. */
  bytes: Uint8Array;
  isNew: boolean;
  history: readonly MergeStep[];
}

export interface PairsRequest {
  pairs: readonly Pair[];
  /** The first is what the others are compared with. */
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
