/** Searches the embedding of the open model for the rows nearest to the initial row of a new token. */
import type { RowInit } from '../embedding/new-row.ts';
import type { Job, JobEvent } from './jobs.ts';

export interface NearestRequest {
  tokens: readonly NewToken[];
  /** One pass finds the neighbours for all inits; three cost little more than one. */
  inits: readonly RowInit[];
  /** Number of existing tokens to find for each new token and init, nearest first. */
  count: number;
}

export interface NewToken {
  /**
   * Text of the new token, with a leading space if it begins a word. The open model's tokenizer splits it into subwords, unless
   * `subwords` is set. If the model already has the token, the only subword is the token itself.
   */
  text: string;
  /** Id of the token, existing or new. It seeds the random row, as in `npm run export -- --init random`. */
  id: number;
  /** Its base subwords, ids of the open model. */
  subwords?: readonly number[];
}

/** Progress is in rows of the table. `tokens` has the order of the request. */
export type NearestJob = Job<
  NearestRequest,
  { tokens: readonly NewTokenPlace[] },
  { type: 'progress'; done: number; total: number }
>;

export type NearestEvent = JobEvent<NearestJob>;

/** Neighbours of the initial rows of one new token. */
export interface NewTokenPlace {
  subwords: readonly { id: number; piece: string | undefined }[];
  /** In the order of the request's inits; empty if the text has no subwords. */
  places: readonly { init: RowInit; nearest: readonly NearToken[] }[];
}

export interface NearToken {
  id: number;
  /** Vocabulary entry, not decoded: `▁the`, `<0xEA>`. Undefined for padding rows. */
  piece: string | undefined;
  /** Cosine similarity of the two rows, −1 … 1. */
  similarity: number;
}
