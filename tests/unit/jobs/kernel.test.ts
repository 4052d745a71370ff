/** The worker's side: every job ends with exactly one event, whatever happens to it. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FailureError } from '#core/failure.ts';
import { isEnd } from '#core/protocol/jobs.ts';
import { AdapterError } from '#core/lora/error.ts';
import { OnnxError } from '#core/onnx/model.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import { failureOf } from '../../../workers/jobs/failure-of.ts';
import { PROGRESS_MILLISECONDS, Throttle } from '../../../workers/jobs/throttle.ts';
import { FakeWorker, settle, TestHandlers, type TestEvent, type TestJobs } from './fake-worker.ts';

function setUp() {
  const test = new TestHandlers();
  const client = new WorkerClient<TestJobs>({ name: 'test', create: () => FakeWorker.of(test.handlers) });
  const start = (mode: keyof TestJobs, request: number) => {
    const events: TestEvent[] = [];
    const job = client.start(mode, request, (event) => void events.push(event));
    return { ...job, events };
  };
  return { test, start };
}

test('a job tells what it reaches, and ends once with its result', async () => {
  const { test, start } = setUp();
  const { events, ended } = start('queue', 1);
  await settle();
  test.running.get(1)?.job.emit({ type: 'progress', done: 1 });
  test.running.get(1)?.finish(7);
  expect(await ended).toEqual({ type: 'done', answer: 7 });
  // What comes too late is not told.
  test.running.get(1)?.job.emit({ type: 'progress', done: 2 });
  test.running.get(1)?.job.progress({ type: 'progress', done: 3 });
  await settle();
  expect(events).toEqual([
    { type: 'progress', done: 1 },
    { type: 'done', answer: 7 },
  ]);
});

test('what a job throws ends it: a failure as such, anything else as runtime and in the console', async () => {
  const { test, start } = setUp();
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  const [known, unknown] = [start('concurrent', 1), start('concurrent', 2)];
  await settle();
  test.running.get(1)?.fail(new FailureError('file-missing', { file: 'config.json' }));
  test.running.get(2)?.fail(new Error('surprise'));
  expect(await known.ended).toEqual({
    type: 'failed',
    failure: { code: 'file-missing', detail: { file: 'config.json' } },
  });
  expect(complaint).not.toHaveBeenCalledWith(expect.any(FailureError));
  expect(await unknown.ended).toEqual({
    type: 'failed',
    failure: { code: 'runtime', detail: { reason: 'surprise' } },
  });
  expect(complaint).toHaveBeenCalledOnce();
  complaint.mockRestore();
});

test('a stopped job says how far it came; one that fails after Stop says that it failed', async () => {
  const { test, start } = setUp();
  const job = start('concurrent', 5);
  await settle();
  job.stop();
  expect(await job.ended).toEqual({ type: 'stopped', reached: 5 });

  test.listens = false;
  const broken = start('concurrent', 6);
  await settle();
  broken.stop();
  await settle();
  test.running.get(6)?.fail(new FailureError('device-lost', { reason: 'gone' }));
  expect(await broken.ended).toMatchObject({ type: 'failed', failure: { code: 'device-lost' } });

  const faster = start('concurrent', 7);
  await settle();
  faster.stop();
  await settle();
  test.running.get(7)?.finish(1);
  expect(await faster.ended).toEqual({ type: 'done', answer: 1 });
  broken.stop();
  await settle();
  expect(broken.events.filter((event) => isEnd(event))).toHaveLength(1);
});

test('a stopped job whose partial result cannot be told ends as failed', async () => {
  const { test, start } = setUp();
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  const job = start('concurrent', 5);
  await settle();
  const running = test.running.get(5);
  if (!running) throw new Error('not started');
  running.job.reached = () => {
    throw new Error('no partial result');
  };
  job.stop();
  expect(await job.ended).toEqual({
    type: 'failed',
    failure: { code: 'runtime', detail: { reason: 'no partial result' } },
  });
  complaint.mockRestore();
});

test('in the queue jobs run one by one, in their order; a job that is stopped before its turn never starts', async () => {
  const { test, start } = setUp();
  const [first, second, third] = [start('queue', 1), start('queue', 2), start('queue', 3)];
  await settle();
  expect(test.started).toEqual([1]);
  second.stop();
  expect(await second.ended).toEqual({ type: 'stopped' });
  test.running.get(1)?.finish(1);
  await first.ended;
  await settle();
  expect(test.started).toEqual([1, 3]);
  test.running.get(3)?.finish(3);
  expect(await third.ended).toEqual({ type: 'done', answer: 3 });
});

test('the latest stops the one that runs and drops those that wait, but no job of another name', async () => {
  const { test, start } = setUp();
  const other = start('queue', 1);
  const [old, older] = [start('latest', 2), start('latest', 3)];
  await settle();
  const newest = start('latest', 4);
  expect((await old.ended).type).toBe('stopped');
  expect((await older.ended).type).toBe('stopped');
  test.running.get(1)?.finish(1);
  expect((await other.ended).type).toBe('done');
  await settle();
  expect(test.started).toEqual([1, 4]);
  const next = start('latest', 5);
  expect(await newest.ended).toEqual({ type: 'stopped', reached: 4 });
  await settle();
  test.running.get(5)?.finish(5);
  expect(await next.ended).toEqual({ type: 'done', answer: 5 });
});

test('an exclusive job is refused while another one runs', async () => {
  const { test, start } = setUp();
  const first = start('exclusive', 1);
  const second = start('exclusive', 2);
  expect(await second.ended).toEqual({ type: 'failed', failure: { code: 'busy', detail: {} } });
  await settle();
  test.running.get(1)?.fail(new FailureError('no-model'));
  await first.ended;
  const third = start('exclusive', 3);
  await settle();
  test.running.get(3)?.finish(3);
  expect((await third.ended).type).toBe('done');
});

type Step = ['start', keyof TestJobs] | ['stop' | 'finish' | 'fail' | 'progress', number];
const steps = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constant('start' as const),
      fc.constantFrom<keyof TestJobs>('concurrent', 'exclusive', 'queue', 'latest'),
    ),
    fc.tuple(fc.constantFrom('stop' as const, 'finish' as const, 'fail' as const, 'progress' as const), fc.nat(12)),
  ),
  { maxLength: 40 },
);

test('whatever is asked in whatever order, each job ends exactly once, and tells nothing afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all: Step[]) => {
      const { test, start } = setUp();
      const jobs: ReturnType<typeof start>[] = [];
      for (const [at, step] of all.entries()) {
        if (step[0] === 'start') jobs.push(start(step[1], jobs.length));
        else if (step[0] === 'stop') jobs[step[1]]?.stop();
        else if (step[0] === 'finish') test.running.get(step[1])?.finish(at);
        else if (step[0] === 'fail') test.running.get(step[1])?.fail(new FailureError('no-model'));
        else test.running.get(step[1])?.job.progress({ type: 'progress', done: at });
        if (at % 3 === 0) await settle();
      }
      // Those that wait start as those before them end.
      for (let round = 0; round <= jobs.length; round++) {
        await settle();
        for (const { finish } of test.running.values()) finish(0);
      }
      await Promise.all(jobs.map(({ ended }) => ended));
      await settle();
      for (const { events } of jobs) {
        expect(events.filter((event) => isEnd(event))).toHaveLength(1);
        expect(isEnd(events.at(-1) ?? { type: 'progress' })).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('errors of the domain become failures, named by what they are about', () => {
  expect(failureOf(new AdapterError('a/adapter_config.json', 'not JSON'))).toEqual({
    code: 'adapter-refused',
    detail: { file: 'a/adapter_config.json', reason: 'not JSON' },
  });
  expect(failureOf(new OnnxError('no graph'), 'decoder.onnx')).toEqual({
    code: 'file-broken',
    detail: { file: 'decoder.onnx', reason: 'no graph' },
  });
});

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

test('progress is thinned out: the first at once, then one report an interval, and the last', () => {
  const sent: string[] = [];
  const throttle = new Throttle<string>((report) => sent.push(report));
  for (const report of ['a1', 'a2', 'a3']) throttle.push(report, 'a');
  // Of another thing the first is sent at once too, and what was held back before it.
  throttle.push('b1', 'b');
  expect(sent).toEqual(['a1', 'a3', 'b1']);
  throttle.push('a4', 'a');
  throttle.push('a5', 'a');
  vi.advanceTimersByTime(PROGRESS_MILLISECONDS);
  throttle.push('a6', 'a');
  expect(sent).toEqual(['a1', 'a3', 'b1', 'a6']);
  throttle.push('a7', 'a');
  throttle.flush();
  throttle.flush();
  expect(sent).toEqual(['a1', 'a3', 'b1', 'a6', 'a7']);
});
