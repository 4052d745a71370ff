/** The worker's side of every job: it starts them by their mode, and ends each with exactly one event. */
import { FailureError } from '#core/failure.ts';
import { READY, STOP, type JobContract, type JobEnd, type JobTable, type StartMessage } from '#core/protocol/jobs.ts';
import { failureOf } from './failure-of.ts';
import { PortJob, type RunningJob } from './running-job.ts';
import { Schedule, type Mode } from './schedule.ts';

export interface Handler<Contract extends JobContract> {
  mode: Mode;
  /**
   * Does the job. Its result ends the job with `done`, an error with `failed`, or with `stopped` if the error is the
   * reason of the job's signal.
   */
  run(request: Contract['request'], job: RunningJob<Contract>): Contract['result'] | Promise<Contract['result']>;
  /** Parts of the result that are transferred to the page instead of copied. */
  transfer?(result: Contract['result']): Transferable[];
  /** Name of the job's subject, for an error that names no file. */
  subject?(request: Contract['request']): string;
}

export type Handlers<Jobs extends JobTable<Jobs>> = { readonly [Name in keyof Jobs]: Handler<Jobs[Name]> };

/** The worker's global scope, or a substitute for it. */
export interface Scope {
  addEventListener(type: 'message', listener: (message: MessageEvent) => void): void;
  postMessage(message: unknown): void;
}

/** Answers the page's jobs from now on. */
export function serveJobs<Jobs extends JobTable<Jobs>>(handlers: Handlers<Jobs>, scope: Scope = self): void {
  const schedule = new Schedule();
  const accept = <Name extends keyof Jobs>({ data, ports }: MessageEvent<StartMessage<Jobs, Name>>): void => {
    const [port] = ports;
    if (port) void runJob<Jobs[Name]>(data.job, handlers[data.job], data.request, port, schedule);
  };
  scope.addEventListener('message', accept);
  scope.postMessage(READY);
}

async function runJob<Contract extends JobContract>(
  name: PropertyKey,
  handler: Handler<Contract>,
  request: Contract['request'],
  port: MessagePort,
  schedule: Schedule,
): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  const job = new PortJob<Contract>(port, signal);
  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === STOP) abort.abort();
  };
  const endAfter = (error: unknown): JobEnd<Contract> =>
    isAbort(error, signal)
      ? { type: 'stopped', ...job.reached() }
      : { type: 'failed', failure: failureOf(error, handler.subject?.(request)) };
  try {
    const result = await schedule.run(name, handler.mode, abort, () => handler.run(request, job));
    job.end({ type: 'done', ...result }, handler.transfer?.(result));
  } catch (error) {
    // If a job fails after it was asked to stop, the failure is reported.
    try {
      job.end(endAfter(error));
    } catch (unexpected) {
      // A partial result or a subject that cannot be told: the job ends all the same.
      job.end({ type: 'failed', failure: failureOf(unexpected) });
    }
  }
}

/** True for the reason of the signal, also where it is the cause of another error. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause === signal.reason || (cause.name === 'AbortError' && !(cause instanceof FailureError))) return true;
  return false;
}
