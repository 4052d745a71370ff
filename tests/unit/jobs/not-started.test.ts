import { afterEach, expect, test, vi } from 'vitest';
import { FailureError } from '#core/failure.ts';
import type { Job } from '#core/protocol/jobs.ts';
import { EngineClient } from '../../../src/workers/engine.svelte.ts';
import { WorkerClient, type WorkerHandle } from '../../../src/workers/worker-client.ts';
import { failureOf } from '../../../workers/jobs/failure-of.ts';

afterEach(() => vi.restoreAllMocks());

class SilentWorker implements WorkerHandle {
  posted = 0;
  postMessage(): void {
    this.posted++;
  }
  addEventListener(): void {}
  terminate(): void {}
}

test('a worker that the browser refuses to start is a failure of its job, and the next job tries again', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  const worker = new SilentWorker();
  let tries = 0;
  const client = new WorkerClient<{ echo: Job<string> }>({
    name: 'echo',
    create: () => {
      if (++tries === 1) throw new DOMException('forbidden by policy', 'SecurityError');
      return worker;
    },
  });
  const events: string[] = [];
  const job = client.start('echo', 'a', ({ type }) => void events.push(type));
  // The caller has the job before it ends.
  expect(events).toEqual([]);
  const failure = { code: 'worker-not-started', detail: { worker: 'echo', reason: 'forbidden by policy' } };
  expect(await job.ended).toEqual({ type: 'failed', failure });
  expect(events).toEqual(['failed']);
  job.stop();
  expect(client.isRunning).toBe(false);
  client.start('echo', 'b');
  expect([client.isRunning, worker.posted]).toEqual([true, 1]);
  client.end();
});

test('the engine is not left opening', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  // Node has no Worker.
  const engine = new EngineClient();
  const options = { contextLength: 512, provider: 'auto' } as const;
  for (let tries = 0; tries < 2; tries++) {
    expect(await engine.open({ type: 'url', url: 'https://example.org/m/' }, options)).toBe(false);
    expect([engine.opening, engine.openFailure?.code]).toEqual([undefined, 'worker-not-started']);
  }
});

test.each([
  ['QuotaExceededError', 'storage-full'],
  ['NoModificationAllowedError', 'storage-locked'],
  ['NotReadableError', 'file-gone'],
  ['NotFoundError', 'file-gone'],
])('%s of the browser’s storage, or of a picked file, has its own message', (name, code) => {
  expect(failureOf(new DOMException('no', name))).toEqual({ code, detail: { reason: 'no' } });
});

test.each([
  new RangeError('Array buffer allocation failed'),
  new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded'),
  new FailureError('runtime', { reason: 'session' }, { cause: new Error('std::bad_alloc') }),
])('%s is a lack of memory', (error) => {
  expect(failureOf(error)).toEqual({ code: 'out-of-memory', detail: { reason: expect.stringMatching(/./) } });
});

test('a file that vanished under the runtime is told from an error of the runtime', () => {
  const cause = new Error('in ONNX Runtime', { cause: new DOMException('not there', 'NotReadableError') });
  expect(failureOf(new FailureError('runtime', { reason: 'session' }, { cause })).code).toBe('file-gone');
  expect(failureOf(new FailureError('runtime', { reason: 'session' }, { cause: new Error('bad node') })).code).toBe(
    'runtime',
  );
});
