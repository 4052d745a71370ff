/** Chunks are hashed in workers where there are some. That these agree with the browser is in tests/browser/store. */
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { bytes } from '../fetch/server.ts';

const chunk = new Uint8Array(bytes(300_000));
const right = createHash('sha256').update(chunk).digest('hex');

async function freshModule() {
  vi.resetModules();
  return import('../../../workers/store/chunk-hashes.ts');
}

interface Posted {
  buffer: ArrayBuffer;
  length: number;
}

/** A worker that answers with whatever the test says; none is started. */
function stubWorker(answer: (worker: FakeWorker, posted: Posted) => void): FakeWorker[] {
  const started: FakeWorker[] = [];
  vi.stubGlobal(
    'Worker',
    class extends FakeWorker {
      constructor() {
        super(answer);
        started.push(this);
      }
    },
  );
  return started;
}

class FakeWorker {
  onmessage: ((event: { data: unknown }) => void) | undefined;
  onerror: ((event: { message: string; preventDefault: () => void }) => void) | undefined;
  isEnded = false;
  posted = 0;

  constructor(readonly answer: (worker: FakeWorker, posted: Posted) => void) {}

  addEventListener(): void {}

  postMessage(posted: Posted): void {
    this.posted++;
    setImmediate(() => this.answer(this, posted));
  }

  terminate(): void {
    this.isEnded = true;
  }
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('two workers share the chunks, wait for one another, and end when nothing is left to do', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const started = stubWorker(({ onmessage }, { buffer, length }) => {
    const hash = createHash('sha256')
      .update(new Uint8Array(buffer, 0, length))
      .digest();
    onmessage?.({ data: { buffer, hash: new Uint8Array(hash).buffer } });
  });
  const { hashOfChunk } = await freshModule();
  const shorter = chunk.subarray(0, 270_000);
  const hashes = await Promise.all([chunk, chunk, shorter, chunk, shorter].map(hashOfChunk));
  const rightOfShorter = createHash('sha256').update(shorter).digest('hex');
  expect(hashes).toEqual([right, right, rightOfShorter, right, rightOfShorter]);
  expect(started.map(({ posted }) => posted).sort()).toEqual([2, 3]);
  await vi.runAllTimersAsync();
  expect(started.every(({ isEnded }) => isEnded)).toBe(true);
  expect(await hashOfChunk(chunk)).toBe(right);
  expect(started).toHaveLength(3);
});

test.each([
  {
    why: 'its script is not allowed',
    answer: ({ onerror }: FakeWorker) => onerror?.({ message: 'refused', preventDefault: () => undefined }),
  },
  {
    why: 'it has no memory for the digest',
    answer: ({ onmessage }: FakeWorker, { buffer }: Posted) => onmessage?.({ data: { buffer, hash: undefined } }),
  },
])('a worker that cannot hash ($why) leaves the work to this thread', async ({ answer }) => {
  const started = stubWorker(answer);
  const { hashOfChunk } = await freshModule();
  expect(await Promise.all([chunk, chunk, chunk].map(hashOfChunk))).toEqual([right, right, right]);
  expect(started.every(({ isEnded }) => isEnded)).toBe(true);
  expect(await hashOfChunk(chunk)).toBe(right);
  expect(started.length).toBeLessThanOrEqual(2);
});

test('where workers may not start workers, this thread hashes', async () => {
  vi.stubGlobal('Worker', function refuse() {
    throw new DOMException('no', 'SecurityError');
  });
  const { hashOfChunk } = await freshModule();
  expect(await hashOfChunk(chunk)).toBe(right);
});
