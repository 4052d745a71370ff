/** What graph capture of the pinned runtime does, on which workers/engine/model/decode-step.ts and docs/decisions/0017 stand. */
import { wrap, type Remote } from 'comlink';
import { afterEach, describe, expect, test } from 'vitest';
import { full } from '../provided.ts';
import type { CaptureCase, CaptureWorkerApi } from './capture.worker.ts';

const workers: Worker[] = [];
function fresh(): Remote<CaptureWorkerApi> {
  const worker = new Worker(new URL('./capture.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return wrap<CaptureWorkerApi>(worker);
}
afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
});

const base: CaptureCase = { build: 'jspi', window: -1, captured: true, sameBuffer: false, steps: 8 };
const run = (change: Partial<CaptureCase> = {}) => fresh().run({ ...base, ...change });

// What must be looked at when the runtime changes, and costs ten seconds each: in `npm run test:full` only.
const inFull = test.runIf(full);

describe('a session that captures', () => {
  test('prefill and decode in one session, captured and plain say the same; a captured step makes no bind group', async () => {
    const plain = await run({ captured: false });
    const captured = await run();
    expect(captured.out).toEqual(plain.out);
    expect(new Set(plain.out).size).toBeGreaterThan(3);
    expect(plain.bindGroups).toBeGreaterThan(5);
    expect(captured.bindGroups).toBe(0);
    if (full) expect(await run({ build: 'asyncify' })).toEqual(captured);
  });

  inFull('the first captured call runs twice: a token buffer that goes in and out is read changed', async () => {
    expect((await run({ sameBuffer: true, steps: 1 })).out).not.toEqual((await run({ steps: 1 })).out);
  });

  // Not as one would wish. When this fails the runtime has become better, and decode may be captured beyond the window.
  inFull('the sliding window is ignored in all of its runs, the plain ones too', async () => {
    const whole = await run();
    expect((await run({ window: 4 })).out).toEqual(whole.out);
    expect((await run({ window: 4, captured: false })).out).toEqual(whole.out);
  });

  test('an If is refused, and the next session runs', async () => {
    const { message, y } = await fresh().refused('jspi');
    expect(message).toContain('control flow');
    expect(y).toBe(2);
  });
});
