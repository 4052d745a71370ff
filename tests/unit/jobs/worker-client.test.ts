/** The page's side: a stopped job always ends, and a worker that went is replaced. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FailureError } from '#core/failure.ts';
import {
  MAX_STOP_MILLISECONDS,
  STOP_MILLISECONDS,
  stopDeadline,
  WorkerClient,
  type RestartReason,
} from '../../../src/workers/worker-client.ts';
import { FakeWorker, settle, TestHandlers, type TestEvent, type TestJobs } from './fake-worker.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** @param canLoad false: the script of the first worker cannot be loaded */
function setUp(canLoad = true) {
  const workers: FakeWorker[] = [];
  const restarts: RestartReason[] = [];
  let handlers = new TestHandlers();
  const client = new WorkerClient<TestJobs>({
    name: 'test',
    create: () => {
      handlers = new TestHandlers();
      const isLost = !canLoad && workers.length === 0;
      const worker = isLost ? new FakeWorker() : FakeWorker.of(handlers.handlers);
      workers.push(worker);
      return worker;
    },
    onRestart: (reason) => void restarts.push(reason),
  });
  return { client, workers, restarts, jobs: () => handlers };
}

test('the deadline after Stop is a second and a half', () => expect(STOP_MILLISECONDS).toBe(1500));

test('a job whose steps are slow has three times the longest of them, and no more than fifteen seconds', async () => {
  expect([0, 500, 2000, 1e6].map(stopDeadline)).toEqual([STOP_MILLISECONDS, STOP_MILLISECONDS, 6000, 15_000]);
  expect(MAX_STOP_MILLISECONDS).toBe(15_000);

  const { client, workers, jobs } = setUp();
  const clock = vi.spyOn(performance, 'now');
  // The worker is started with the first job.
  client.start('concurrent', 0);
  await settle();
  jobs().listens = false;
  const job = client.start('concurrent', 1);
  await settle();
  for (const [done, now] of [0, 2000, 2100].entries()) {
    clock.mockReturnValue(now);
    jobs().running.get(1)?.job.emit({ type: 'progress', done });
    await settle();
  }
  clock.mockRestore();
  job.stop();
  vi.advanceTimersByTime(5999);
  await settle();
  expect(workers[0]?.isTerminated).toBe(false);
  vi.advanceTimersByTime(1);
  expect((await job.ended).type).toBe('stopped');
  expect(workers[0]?.isTerminated).toBe(true);
});

test('a job that does not stop ends with its worker at the deadline; the others fail, and the next job runs', async () => {
  const { client, workers, restarts, jobs } = setUp();
  const events: TestEvent[] = [];
  const hanging = client.start('queue', 1, (event) => void events.push(event));
  const beside = client.start('concurrent', 2);
  await settle();
  jobs().running.get(1)?.job.emit({ type: 'progress', done: 1 });
  await settle();
  jobs().listens = false;
  const deaf = client.start('concurrent', 3);
  await settle();
  deaf.stop();
  deaf.stop();
  vi.advanceTimersByTime(STOP_MILLISECONDS - 1);
  await settle();
  expect(workers[0]?.isTerminated).toBe(false);
  vi.advanceTimersByTime(1);
  expect(await deaf.ended).toEqual({ type: 'stopped' });
  expect(workers[0]?.isTerminated).toBe(true);
  const failure = { code: 'worker-restarted', detail: { worker: 'test' } };
  expect(await beside.ended).toEqual({ type: 'failed', failure });
  expect(await hanging.ended).toEqual({ type: 'failed', failure });
  expect(events).toEqual([
    { type: 'progress', done: 1 },
    { type: 'failed', failure },
  ]);
  expect(restarts).toEqual(['stopped']);

  const next = client.start('queue', 4);
  await settle();
  jobs().running.get(4)?.finish(4);
  expect(await next.ended).toEqual({ type: 'done', answer: 4 });
  expect(workers).toHaveLength(2);
});

test('a listener that throws keeps no other job from its end, nor the restart from being told', async () => {
  const { client, workers, restarts } = setUp();
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  const first = client.start('concurrent', 1, () => {
    throw new Error('a defect of the page');
  });
  const second = client.start('concurrent', 2);
  await settle();
  workers[0]?.breakOff('gone');
  expect((await first.ended).type).toBe('failed');
  expect((await second.ended).type).toBe('failed');
  expect(restarts).toEqual(['crashed']);
  expect(told).toHaveBeenCalledOnce();
  told.mockRestore();
});

test('a job that heeds Stop keeps its worker', async () => {
  const { client, workers, restarts } = setUp();
  const job = client.start('concurrent', 1);
  await settle();
  job.stop();
  expect(await job.ended).toEqual({ type: 'stopped', reached: 1 });
  vi.advanceTimersByTime(10 * STOP_MILLISECONDS);
  expect([workers[0]?.isTerminated, restarts]).toEqual([false, []]);
});

test('what gives way may take its time', async () => {
  const { client, workers, jobs } = setUp();
  const job = client.start('concurrent', 1);
  await settle();
  jobs().listens = false;
  const slow = client.start('concurrent', 2);
  await settle();
  slow.yield();
  vi.advanceTimersByTime(100 * STOP_MILLISECONDS);
  await settle();
  expect(workers[0]?.isTerminated).toBe(false);
  jobs().running.get(2)?.finish(2);
  expect(await slow.ended).toEqual({ type: 'done', answer: 2 });
  job.stop();
  await job.ended;
});

test('a worker that breaks off fails its jobs and is replaced', async () => {
  const { client, workers, restarts, jobs } = setUp();
  const job = client.start('concurrent', 1);
  await settle();
  workers[0]?.breakOff('out of stack');
  workers[0]?.breakOff('again');
  const detail = { worker: 'test', reason: 'out of stack' };
  expect(await job.ended).toEqual({ type: 'failed', failure: { code: 'worker-crashed', detail } });
  expect(restarts).toEqual(['crashed']);
  const next = client.start('concurrent', 2);
  await settle();
  jobs().running.get(2)?.finish(2);
  expect((await next.ended).type).toBe('done');
});

test.each([
  [true, 'network'],
  [false, 'offline'],
])(
  'a script that cannot be loaded is a failure of the network, named; the next job tries again',
  async (onLine, code) => {
    vi.stubGlobal('navigator', { onLine });
    const { client, workers, restarts, jobs } = setUp(false);
    const asked = client.ask('concurrent', 1);
    workers[0]?.breakOff('');
    await expect(asked).rejects.toMatchObject({ failure: { code, detail: { url: 'test.worker' } } });
    expect(restarts).toEqual([]);
    const again = client.ask('concurrent', 2);
    await settle();
    jobs().running.get(2)?.finish(2);
    expect(await again).toMatchObject({ answer: 2 });
  },
);

test('a request that cannot be cloned fails, and harms no other job', async () => {
  const create = () => {
    const worker = FakeWorker.of(new TestHandlers().handlers);
    worker.postMessage = () => {
      throw new DOMException('a proxy', 'DataCloneError');
    };
    return worker;
  };
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  const client = new WorkerClient<TestJobs>({ name: 'test', create });
  const error = await client.ask('concurrent', 1).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FailureError);
  expect(error).toMatchObject({ failure: { code: 'runtime', detail: { reason: 'a proxy' } } });
  complaint.mockRestore();
});

test('ending a worker stops what runs, and tells nobody to make its state again', async () => {
  const { client, workers, restarts } = setUp();
  const job = client.start('concurrent', 1);
  await settle();
  expect(client.isRunning).toBe(true);
  client.end();
  expect(await job.ended).toEqual({ type: 'stopped' });
  expect([client.isRunning, workers[0]?.isTerminated, restarts]).toEqual([false, true, []]);
});
