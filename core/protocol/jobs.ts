/**
 * Messages common to all workers. A worker implements a table of jobs. The page starts a job with a `StartMessage` that
 * transfers a MessagePort. The worker sends events over the port, and the page sends `stop` over it.
 */
import type { Failure } from '../failure.ts';

/** Input and events of one job. */
export interface JobContract {
  request: unknown;
  /** Events before the end: `progress`, `token` … */
  update: { type: string };
  /** Fields of `done`. */
  result: object;
  /** Fields of `stopped`: the partial result. Missing if the worker had to be terminated. */
  partial: object;
}

/** Defines a job; by default without updates and without a partial result. */
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

/** An object without fields. */
export type Nothing = object;

/** The jobs of one worker by name. */
export type JobTable<Jobs> = { [Name in keyof Jobs]: JobContract };

/** The last event of a job; every job sends exactly one. */
export type JobEnd<Contract extends JobContract> =
  | ({ type: 'done' } & Contract['result'])
  | ({ type: 'stopped' } & Partial<Contract['partial']>)
  | { type: 'failed'; failure: Failure };

/** All events of a job: any number of updates, then its end. */
export type JobEvent<Contract extends JobContract> = Contract['update'] | JobEnd<Contract>;

/** From the page to the worker, with one transferred port. */
export interface StartMessage<Jobs extends JobTable<Jobs>, Name extends keyof Jobs> {
  job: Name;
  request: Jobs[Name]['request'];
}

/** From the page to a job, over its port. */
export const STOP = 'stop';

/** From the worker to the page, once, when its script runs. */
export const READY = 'ready';

export function isEnd<Contract extends JobContract>(event: JobEvent<Contract>): event is JobEnd<Contract> {
  return event.type === 'done' || event.type === 'stopped' || event.type === 'failed';
}
