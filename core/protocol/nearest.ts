/** A search in the embedding of the open model: what stands nearest to where a new token would start. */
import type { RowInit } from '../embedding/new-row.ts';
import type { Job, JobEvent } from './jobs.ts';

export interface NearestRequest {
  tokens: readonly NewToken[];
  /** One pass finds the neighbours for all of them; three cost little more than one. */
  inits: readonly RowInit[];
  /** Old tokens to find for each token and init, nearest first. */
  count: number;
}

export interface NewToken {
  /**
   * Text of the new token, with a space in front where it begins a word. The open model's own tokenizer cuts it into
   * subwords: for a model that has the token already that is the token itself, unless `subwords` says otherwise.
   */
  text: string;
  /** The id that it has or would have. It seeds the random row, as in `npm run export -- --init random`. */
  id: number;
  /** Its base subwords, ids of the open model. */
  subwords?: readonly number[];
}

/** Progress in rows of the table. `tokens` in the order of the request's. */
export type NearestJob = Job<
  NearestRequest,
  { tokens: readonly NewTokenPlace[] },
  { type: 'progress'; done: number; total: number }
>;

export type NearestEvent = JobEvent<NearestJob>;

/** Where one new token would start. */
export interface NewTokenPlace {
  subwords: readonly { id: number; piece: string | undefined }[];
  /** In the order of the request's inits; empty where the text has no subwords. */
  places: readonly { init: RowInit; nearest: readonly NearToken[] }[];
}

export interface NearToken {
  id: number;
  /** The vocabulary's entry, undecoded: `▁the`, `<0xEA>`. Undefined for a row of padding. */
  piece: string | undefined;
  /** Cosine of the two rows, −1 … 1. */
  similarity: number;
}
