/**
 * What every worker has in common on the wire. A worker is a table of jobs. The page starts one with a `StartMessage`
 * that brings a port; events come back over the port, and `stop` goes out over it.
 */
import type { Failure } from '../failure.ts';

/** What one job takes and tells. */
export interface JobContract {
  request: unknown;
  /** Told on the way: `progress`, `token` … */
  update: { type: string };
  /** Fields of `done`. */
  result: object;
  /** Fields of `stopped`: what was reached by then. Missing where the worker had to be ended. */
  partial: object;
}

/** A job of a contract; without updates or a partial result unless it names them. */
export interface Job<
  Request,
  Result extends object = Nothing,
  Update extends { type: string } = never,
  Reached extends object = Nothing,
> {
  request: Request;
  update: Update;
  result: Result;
  partial: Reached;
}

/** No fields. */
export type Nothing = object;

/** The jobs of one worker by name. */
export type JobTable<Jobs> = { [Name in keyof Jobs]: JobContract };

/** The last event of a job; there is exactly one. */
export type JobEnd<Contract extends JobContract> =
  | ({ type: 'done' } & Contract['result'])
  | ({ type: 'stopped' } & Partial<Contract['partial']>)
  | { type: 'failed'; failure: Failure };

/** Everything that a job tells: any number of updates, then its end. */
export type JobEvent<Contract extends JobContract> = Contract['update'] | JobEnd<Contract>;

/** From the page to the worker, with one port to transfer. */
export interface StartMessage<Jobs extends JobTable<Jobs>, Name extends keyof Jobs> {
  job: Name;
  request: Jobs[Name]['request'];
}

/** From the page to a job, over its port. */
export const STOP = 'stop';

/** From the worker to the page, once: its script runs. */
export const READY = 'ready';

export function isEnd<Contract extends JobContract>(event: JobEvent<Contract>): event is JobEnd<Contract> {
  return event.type === 'done' || event.type === 'stopped' || event.type === 'failed';
}
