import { expect, test } from 'vitest';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { compare, stepsOf, type MeasuredRound, type Step } from '../../../src/labs/bench/comparison.ts';
import type { EngineUnderTest } from '../../../src/labs/bench/engine-under-test.ts';
import type { Plan } from '../../../src/labs/bench/plan.ts';
import { TimeLeft } from '../../../src/labs/bench/time-left.ts';

const plan: Plan = { length: 'custom', rounds: 2, newTokens: 4, contexts: [64, 128] };
const model: ModelInfo = {
  name: 'x',
  randomWeights: true,
  teaches: undefined,
  dtype: { decoder: 'q4', vision: undefined },
  parameters: 1,
  layers: 1,
  vocabularySize: 1,
  hasVision: false,
  imageAttention: undefined,
  tokensPerImage: 0,
  contextLength: 512,
  runtime: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' },
  variantReason: 'only-one',
  graphCapture: { used: false, reason: 'cpu', times: undefined, key: undefined, detail: undefined, positions: 0 },
  selfTest: { state: 'none', difference: undefined, key: undefined },
};

/** Tokens of a prompt beside the digits of its text. */
const TEMPLATE = 10;

interface Fake {
  /** Fails when it opens. */
  fails?: boolean;
  /** Added to the tokens of each prompt. */
  miscounts?: number;
  log?: string[];
}

function fake(engine: string, { fails = false, miscounts = 0, log = [] }: Fake = {}): EngineUnderTest {
  return {
    engine,
    start: () => ({
      open: async (contextLength, first) => {
        log.push(`${engine} opens ${contextLength} after ${first?.name ?? 'nobody'}`);
        if (fails) throw new Error('it does not fit');
        return { version: '1', model: engine === 'ours' ? model : undefined };
      },
      answer: async ({ messages, newTokens }) => {
        const text = messages.flatMap(({ content }) => content.map((part) => (part.type === 'text' ? part.text : '')));
        return {
          promptTokens: TEMPLATE + text.join('').length + (newTokens === plan.newTokens ? miscounts : 0),
          prefillMilliseconds: 10,
          firstTokenMilliseconds: 12,
          decodeTokensPerSecond: 50,
          ids: Array.from({ length: newTokens }, (_, index) => index),
        };
      },
      counts: async () => ({
        liveBytes: 1,
        peakBytes: 2,
        dispatches: 0,
        indirectDispatches: 0,
        bindGroups: 0,
        copies: 0,
        buffers: 0,
        errorScopes: 0,
        passes: 0,
        submits: 0,
        maps: 0,
        readBytes: 0,
        writes: 0,
        pipelines: 0,
        wasmBytes: 3,
        kernels: {},
      }),
      end: () => log.push(`${engine} ends`),
    }),
  };
}

async function run(engines: readonly EngineUnderTest[], onStep: (step: Step, stop: () => void) => void = () => {}) {
  const abort = new AbortController();
  const rounds: MeasuredRound[] = [];
  const failures = new Map<string, unknown>();
  const steps: Step[] = [];
  const leftOut: string[] = [];
  let failed: unknown;
  await compare({
    engines,
    plan,
    imageQuestion: undefined,
    signal: abort.signal,
    onStep: (step) => {
      steps.push(step);
      onStep(step, () => abort.abort());
    },
    onModel: () => undefined,
    onRound: (round) => rounds.push(round),
    onLeftOut: (engine) => leftOut.push(engine),
    onFailure: (engine, error) => failures.set(engine, error),
  }).catch((error: unknown) => (failed = error));
  return { rounds, failures, steps, leftOut, failed };
}

test('engines run in turns, every second round backwards, on prompts of an exact length', async () => {
  const log: string[] = [];
  const engines = [fake('ours', { log }), fake('peer', { log })];
  const { rounds, steps, failed } = await run(engines);
  expect(failed).toBeUndefined();
  expect(rounds.map(({ engine }) => engine)).toEqual(['ours', 'peer', 'peer', 'ours']);
  expect(steps).toEqual(stepsOf(engines, plan, false));
  // One after the other: each ends before the next opens, and the first tells the others what it opened.
  expect(log.slice(0, 4)).toEqual(['ours opens 512 after nobody', 'ours ends', 'peer opens 512 after x', 'peer ends']);
  for (const { round, ids } of rounds) {
    expect(round.answers.map(({ promptTokens, newTokens }) => [promptTokens, newTokens])).toEqual([
      [60, 4],
      [124, 4],
    ]);
    expect(round).toMatchObject({ gpuLiveBytes: 1, gpuPeakBytes: 2, wasmBytes: 3 });
    expect(ids).toHaveLength(2);
  }
});

test('an engine that fails is left out and named; the first one’s failure ends the comparison', async () => {
  const peerFails = await run([fake('ours'), fake('peer', { fails: true })]);
  expect(peerFails.rounds.map(({ engine }) => engine)).toEqual(['ours', 'ours']);
  expect(String(peerFails.failures.get('peer'))).toContain('it does not fit');
  const oursFails = await run([fake('ours', { fails: true }), fake('peer')]);
  expect(String(oursFails.failed)).toContain('it does not fit');
  expect(oursFails.rounds).toEqual([]);
});

test('a row that does not differ from what the first engine opened is left out before a round is shown', async () => {
  const same = { ...fake('ours, capture off'), differsFrom: ({ graphCapture }: ModelInfo) => graphCapture.used };
  const other = { ...fake('ours, capture on'), differsFrom: ({ graphCapture }: ModelInfo) => !graphCapture.used };
  const { rounds, leftOut, failures } = await run([fake('ours'), fake('peer'), same, other]);
  expect(rounds.map(({ engine }) => engine)).toEqual([
    ...['ours', 'peer', 'ours, capture on'],
    ...['ours, capture on', 'peer', 'ours'],
  ]);
  expect([leftOut, failures.size]).toEqual([['ours, capture off'], 0]);
});

test('an engine that counts other tokens is not compared', async () => {
  const { rounds, failures } = await run([fake('ours'), fake('peer', { miscounts: 1 })]);
  expect(rounds.map(({ engine }) => engine)).toEqual(['ours', 'ours']);
  expect(String(failures.get('peer'))).toContain('61 + 4 tokens instead of 60 + 4');
});

test('Stop keeps the rounds that were finished and ends the worker', async () => {
  const log: string[] = [];
  const { rounds, failures, failed } = await run([fake('ours', { log }), fake('peer', { log })], (step, stop) => {
    if (step.engine === 'peer' && step.contextTokens === 64) stop();
  });
  expect(rounds.map(({ engine }) => engine)).toEqual(['ours']);
  expect(failures.size).toBe(0);
  expect(failed).toBeInstanceOf(DOMException);
  expect(log.at(-1)).toBe('peer ends');
});

test('the time left is known once each kind of step was done by somebody', () => {
  const [open, text, , peerOpen, peerText] = stepsOf([{ engine: 'ours' }, { engine: 'peer' }], plan, false);
  if (!open || !text || !peerOpen || !peerText) throw new Error('steps are missing');
  const left = new TimeLeft();
  expect(left.estimate([open])).toBeUndefined();
  left.done(open, 100);
  left.done(text, 20);
  expect(left.estimate([peerOpen, peerText])).toBe(120);
  left.done(peerOpen, 300);
  expect(left.estimate([peerOpen, peerText])).toBe(320);
});
