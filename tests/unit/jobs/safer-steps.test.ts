/** A model that fails its self-test is opened again in safer and safer ways, in a fresh worker each time; results are remembered. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FailureError } from '#core/failure.ts';
import type { EngineJobs, ModelInfo, OpenOptions } from '#core/protocol/engine.ts';
import type { Handlers } from '../../../workers/jobs/serve.ts';
import { EngineClient } from '../../../src/workers/engine.svelte.ts';
import { knownSelfTests } from '../../../src/workers/self-tests.ts';
import { FakeWorker } from './fake-worker.ts';

const source = { type: 'url', url: 'https://models.test/a/' } as const;
const options: OpenOptions = { contextLength: 64, provider: 'auto' };

/** What a device computes right. The page knows only what the engine tells it. */
let isRight: (options: OpenOptions) => boolean;
let opened: OpenOptions[];
let workers: FakeWorker[];

const keyOf = ({ subgroups, variant, provider }: OpenOptions) => `${subgroups} ${variant} ${provider}`;

function open(asked: OpenOptions): { model: ModelInfo; milliseconds: number } {
  opened.push(asked);
  const isCpu = asked.provider === 'wasm';
  const key = keyOf(asked);
  if (asked.selfTests?.[key] !== 'passed' && !isRight(asked))
    throw new FailureError('self-test', {
      ...{ part: 'decode', provider: isCpu ? 'wasm' : 'webgpu', variant: asked.variant ?? 'q4f16', key },
      fullVariant: isCpu || asked.variant === 'q4' ? '' : 'q4',
      subgroups: isCpu || asked.subgroups === false ? 'off' : 'on',
    });
  return {
    milliseconds: 1,
    model: {
      ...{ name: 'a', randomWeights: true, teaches: undefined, dtype: { decoder: 'q4', vision: undefined } },
      ...{ variantReason: 'only-one', parameters: 1, layers: 1, vocabularySize: 1, hasVision: false },
      ...{ imageAttention: undefined, tokensPerImage: 0, contextLength: 1 },
      graphCapture: { used: false, reason: 'cpu', times: undefined, key: undefined, detail: undefined, positions: 0 },
      selfTest: { state: 'passed', difference: 0, key },
      runtime: { provider: isCpu ? 'wasm' : 'webgpu', build: 'wasm', adapter: undefined, cpuReason: undefined },
    },
  };
}

beforeEach(() => {
  [opened, workers] = [[], []];
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  vi.stubGlobal('document', { baseURI: 'https://page.test/' });
  vi.stubGlobal('Worker', function Worker() {
    const unused = { mode: 'exclusive' as const, run: () => Promise.reject(new Error('not asked here')) };
    const handlers: Handlers<EngineJobs> = {
      open: { mode: 'exclusive', run: (request) => Promise.resolve().then(() => open(request.options)) },
      watch: { mode: 'concurrent', run: () => Promise.resolve({}) },
      ...{ generate: unused, nearestTokens: unused, setAdapters: unused, trace: unused },
      ...{ setStrengths: unused, forget: unused, recordSelfTest: unused, exam: unused },
    };
    const worker = FakeWorker.of<EngineJobs>(handlers);
    workers.push(worker);
    return worker;
  });
});
afterEach(() => vi.unstubAllGlobals());

test('step by step down to the CPU, which is right', async () => {
  isRight = ({ provider }) => provider === 'wasm';
  const engine = new EngineClient();
  expect(await engine.open(source, options)).toBe(true);
  expect(engine.stepsDown).toEqual(['no-subgroups', 'float32', 'cpu']);
  expect(opened.map(({ subgroups, variant, provider }) => [subgroups, variant, provider])).toEqual([
    [undefined, undefined, 'auto'],
    [false, undefined, 'auto'],
    [false, 'q4', 'auto'],
    [false, undefined, 'wasm'],
  ]);
  expect(workers).toHaveLength(4);
  expect(workers.slice(0, 3).every(({ isTerminated }) => isTerminated)).toBe(true);
  expect(engine.options).toMatchObject({ provider: 'wasm' });
});

test('no further than needed; what passed and what failed is told to the engine the next time', async () => {
  isRight = ({ subgroups }) => subgroups === false;
  expect(await new EngineClient().open(source, options)).toBe(true);
  expect(opened).toHaveLength(2);
  const [first = options, second = options] = opened;
  expect(knownSelfTests()).toEqual({ [keyOf(first)]: 'decode', [keyOf(second)]: 'passed' });
  const again = new EngineClient();
  await again.open(source, options);
  expect(opened[2]?.selfTests).toEqual(knownSelfTests());
  expect(again.stepsDown).toEqual(['no-subgroups']);
});

test('where the CPU is wrong too, the model is not opened and the failure says so', async () => {
  isRight = () => false;
  const engine = new EngineClient();
  expect(await engine.open(source, options)).toBe(false);
  expect(engine.openFailure).toMatchObject({ code: 'self-test', detail: { provider: 'wasm', part: 'decode' } });
  expect(engine.model).toBeUndefined();
});

test('a right model is opened once, and another package begins without the steps of the one before', async () => {
  isRight = ({ provider }) => provider === 'wasm';
  const engine = new EngineClient();
  await engine.open(source, options);
  isRight = () => true;
  opened.length = 0;
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
  expect(await engine.open(source, options)).toBe(true);
  expect(opened).toHaveLength(1);
  expect(engine.stepsDown).toEqual([]);
});
