/** The page's engine: what is asked for while something else runs or is being opened does not meet a busy worker. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SetAdaptersRequest } from '#core/protocol/adapters.ts';
import type { EngineJobs, ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import type { JobContract } from '#core/protocol/jobs.ts';
import type { Handler } from '../../../workers/jobs/serve.ts';
import { STOP_MILLISECONDS } from '../../../src/workers/worker-client.ts';
import { EngineClient } from '../../../src/workers/engine.svelte.ts';
import { FakeWorker, settle } from './fake-worker.ts';

const options = { contextLength: 64, provider: 'wasm' } as const;
const source = (name: string): PackageSource => ({ type: 'url', url: `https://models.test/${name}/` });
const adapters = (strength: number): SetAdaptersRequest => ({
  adapters: [{ id: '1', name: 'a', config: new Blob(), weights: new Blob() }],
  strengths: [strength],
  truncateTo: [undefined],
});
const modelOf = (name: string): ModelInfo => ({
  ...{
    name,
    randomWeights: true,
    teaches: undefined,
    dtype: { decoder: 'q4', vision: undefined },
    variantReason: 'only-one',
    parameters: 1,
  },
  ...{ layers: 1, vocabularySize: 1, hasVision: false, imageAttention: undefined, tokensPerImage: 0, contextLength: 1 },
  graphCapture: { used: false, reason: 'cpu', times: undefined, key: undefined, detail: undefined, positions: 0 },
  selfTest: { state: 'none', difference: undefined, key: undefined },
  runtime: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' },
});

/** What the workers were asked, in order: `open b`, `setAdapters` … */
let asked: string[];
/** Ends the job of that name that began last, with success. */
let finish: Map<string, () => void>;
/** False: jobs do not hear Stop. */
let listens: boolean;
let workers: FakeWorker[];

function job<Contract extends JobContract>(
  name: string,
  mode: 'exclusive' | 'concurrent',
  result: (request: Contract['request']) => Contract['result'],
): Handler<Contract> {
  return {
    mode,
    run: (request, { signal }) =>
      new Promise((resolve, reject) => {
        asked.push(name);
        finish.set(name, () => resolve(result(request)));
        if (mode === 'concurrent') resolve(result(request));
        if (listens) signal.addEventListener('abort', () => reject(signal.reason));
      }),
  };
}

function createWorker(): FakeWorker {
  const traced: EngineJobs['trace']['result'] = { reason: 'length', text: '', decodeTokensPerSecond: 1 };
  const unused = { mode: 'exclusive' as const, run: () => Promise.reject(new Error('not asked here')) };
  const worker = FakeWorker.of<EngineJobs>({
    open: job<EngineJobs['open']>('open', 'exclusive', (request) => ({
      model: modelOf(request.source.type === 'url' ? request.source.url : ''),
      milliseconds: 1,
    })),
    setAdapters: job<EngineJobs['setAdapters']>('setAdapters', 'exclusive', () => ({ adapters: [] })),
    trace: job<EngineJobs['trace']>('trace', 'exclusive', () => traced),
    generate: unused,
    nearestTokens: unused,
    setStrengths: job<EngineJobs['setStrengths']>('setStrengths', 'concurrent', () => ({})),
    watch: job<EngineJobs['watch']>('watch', 'concurrent', () => ({})),
    recordSelfTest: unused,
    exam: unused,
    forget: job<EngineJobs['forget']>('forget', 'concurrent', () => ({})),
  });
  workers.push(worker);
  return worker;
}

beforeEach(() => {
  [asked, finish, listens, workers] = [[], new Map(), true, []];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('document', { baseURI: 'https://page.test/' });
  vi.stubGlobal('Worker', function Worker() {
    return createWorker();
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(name: string): Promise<EngineClient> {
  const engine = new EngineClient();
  const ready = engine.open(source(name), options);
  await settle();
  finish.get('open')?.();
  expect(await ready).toBe(true);
  return engine;
}

test('of two packages that are chosen at once the later is opened', async () => {
  const engine = new EngineClient();
  const both = [engine.open(source('a'), options), engine.open(source('b'), options)];
  await settle();
  finish.get('open')?.();
  expect(await Promise.all(both)).toEqual([false, true]);
  expect(asked.filter((name) => name === 'open')).toHaveLength(1);
  expect(engine.model?.name).toBe('https://models.test/b/');
  expect(engine.openFailure).toBeUndefined();
});

test('a job of a lab that waits does not get between the old model and the new one', async () => {
  const engine = await opened('a');
  const events: string[] = [];
  void engine.setAdapters(adapters(1), ({ type }) => void events.push(`first ${type}`));
  await settle();
  void engine.setAdapters(adapters(2), ({ type }) => void events.push(`second ${type}`));
  const ready = engine.open(source('b'), options);
  await settle();
  finish.get('open')?.();
  expect(await ready).toBe(true);
  expect(events).toEqual(['first stopped', 'second failed']);
  expect(asked.filter((name) => name === 'setAdapters')).toHaveLength(1);
});

/** A model with adapters whose worker broke off, opened again up to where the adapters are being put back. */
async function puttingBack(): Promise<EngineClient> {
  const engine = await opened('a');
  void engine.setAdapters(adapters(1), () => {});
  await settle();
  finish.get('setAdapters')?.();
  await settle();
  workers[0]?.breakOff('gone');
  await settle();
  finish.get('open')?.();
  await settle();
  expect(asked.at(-1)).toBe('setAdapters');
  return engine;
}

test('another package can be opened while adapters are put back', async () => {
  const engine = await puttingBack();
  const ready = engine.open(source('b'), options);
  await settle();
  finish.get('open')?.();
  expect(await ready).toBe(true);
  expect(engine.openFailure).toBeUndefined();
  expect(engine.model?.name).toBe('https://models.test/b/');
});

test('so it can where putting them back hangs, and Stop ends an answer that waits for it', async () => {
  listens = false;
  const engine = await puttingBack();
  const events: string[] = [];
  const sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };
  const answer = engine.generate({ messages: [], sampling, maxNewTokens: 1 }, ({ type }) => void events.push(type));
  await engine.stop();
  await answer;
  expect(events).toEqual(['stopped']);
  listens = true;
  const ready = engine.open(source('b'), options);
  await settle();
  vi.advanceTimersByTime(STOP_MILLISECONDS);
  await settle();
  finish.get('open')?.();
  expect(await ready).toBe(true);
  expect(workers).toHaveLength(3);
});

test('a strength that changes while adapters are put back is told to the engine behind them', async () => {
  const engine = await puttingBack();
  engine.setStrengths([0.5]);
  await settle();
  finish.get('setAdapters')?.();
  await settle();
  expect(asked.slice(-2)).toEqual(['setStrengths', 'setStrengths']);
  expect(engine.reopened).toBe(true);
});

test('a paused opening tells how far it came, and the next one goes on', async () => {
  const engine = new EngineClient();
  const first = engine.open(source('a'), options);
  await settle();
  await engine.pauseOpen();
  expect(await first).toBe(false);
  expect(engine.paused).toMatchObject({ name: 'a', doneBytes: 0 });
  expect(engine.opening).toBeUndefined();
  const again = engine.open(source('a'), options);
  await settle();
  expect(engine.paused).toBeUndefined();
  finish.get('open')?.();
  expect(await again).toBe(true);
  // What is open cannot be paused.
  await engine.pauseOpen();
  expect(engine.paused).toBeUndefined();
});
