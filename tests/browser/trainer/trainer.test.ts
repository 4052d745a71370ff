/** The trainer worker as the page has it: steps, milestones and checkpoints, against Node and against the engine. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { greyscalePng } from '#core/image/png.ts';
import { peftFiles } from '#core/lora/training/peft-files.ts';
import { initialParameters, loraLayout } from '#core/lora/training/parameters.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import type { Milestone, PrepareRequest, TrainerJobs } from '#core/protocol/trainer.ts';
import { maxDifference } from '../../reference/golden.ts';
import { EngineClient, user } from '../engine/client.ts';
import { packageUrl } from '../engine/model.ts';
import { full } from '../provided.ts';
import { TrainerClient, lastOf, type Trained } from './client.ts';
import { graphsOnly, lora, rows, settings, type ExpectedTraining } from './rows.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const trainer = new TrainerClient();
let prepared: TrainerJobs['prepare']['result'];
/** A run without a stop, measured every 20 steps. */
let whole: Trained;

beforeAll(async () => {
  prepared = await trainer.prepared();
  whole = await trainer.train({ untilStep: 60, measureEvery: 20 });
  expect(whole.end).toEqual({ type: 'done', reason: 'steps', step: 60 });
});
afterAll(() => trainer.terminate());

/** The checkpoint after so many steps of `whole`. */
function checkpoint(step: number): Milestone {
  const found = whole.milestones.find((milestone) => milestone.step === step);
  if (!found) throw new Error(`no milestone at step ${step}`);
  return found;
}

async function phantomImage(seed: number): Promise<Blob> {
  return new Blob([greyscalePng(renderPhantom(drawPhantom(seed)), SIDE, SIDE)]);
}

describe('a run', () => {
  test('is the one of Node on the same rows', async () => {
    const expected: ExpectedTraining = await (await fetch('/tests/packages/training.json')).json();
    const { losses } = expected;
    expect(losses.length).toBeGreaterThan(4);
    expect(maxDifference(whole.losses.slice(0, losses.length), losses)).toBeLessThan(1e-3);
    const again = await trainer.train({ from: checkpoint(0).state, untilStep: losses.length });
    expect(lastOf(again).heldOut?.loss).toBeCloseTo(expected.heldOut, 3);
    expect(lastOf(again).heldOut).toMatchObject({ rows: 2 });
  });

  test('says what was prepared', () => {
    expect(prepared).toMatchObject({ baseModel: 'gemma3-tiny (random)', threads: 1 });
    expect(prepared.cpuReason).toBe(prepared.provider === 'wasm' ? 'asked' : undefined);
    expect(prepared.parameters).toBe(loraLayout(prepared.config.text, lora).length);
    expect(prepared.rows).toHaveLength(3);
    const [first, second, third] = prepared.rows;
    // Its image takes four tokens and what is around them.
    expect(first?.tokens).toBeGreaterThan((third?.tokens ?? NaN) - (third?.answerTokens ?? NaN));
    expect(second?.answerTokens).toBeGreaterThan(1);
  });

  test('measures before the first step, now and then, and at the end', () => {
    expect(whole.milestones.map(({ step }) => step)).toEqual([0, 20, 40, 60]);
    const [start] = whole.milestones;
    expect(start?.state.parameters).toEqual(initialParameters(loraLayout(prepared.config.text, lora), settings.seed));
    expect(start?.modules.every(({ updateNorm }) => updateNorm === 0)).toBe(true);
    const end = lastOf(whole);
    expect(end.trained.loss).toBeLessThan(0.2 * (start?.trained.loss ?? NaN));
    expect(end.trained).toMatchObject({ rows: 2, exact: 2 });
    expect(end.modules).toHaveLength(8 * lora.targets.length);
    for (const { updateNorm, singularValues } of end.modules) {
      expect(singularValues).toHaveLength(lora.rank);
      expect(Math.hypot(...singularValues)).toBeCloseTo(updateNorm, 4);
    }
    expect(whole.updates).toContainEqual({ type: 'measuring', done: 4, total: 4 });
  });

  test('gives the answer that the engine gives with the adapter’s files', async () => {
    const engine = new EngineClient();
    await engine.model('chat', { contextLength: 512 });
    const question = [user(rows.fixed.question, await phantomImage(7))];
    const answers: string[] = [];
    for (const { step, state, answer } of [checkpoint(0), checkpoint(20), checkpoint(60)]) {
      const layout = loraLayout(prepared.config.text, lora);
      const { config, weights } = peftFiles(prepared.config, layout, state.parameters, prepared.baseModel);
      const files = { config: new Blob([config]), weights: new Blob([new Uint8Array(weights)]) };
      const adapters = [{ id: `step ${step}`, name: 'trained here', ...files }];
      const { end } = await engine.setAdapters({ adapters, strengths: [1], truncateTo: [undefined] });
      expect(end.type).toBe('done');
      expect({ step, answer }).toEqual({ step, answer: (await engine.ask(question, { maxNewTokens: 160 })).text });
      answers.push(answer);
    }
    engine.terminate();
    expect(new Set(answers).size).toBeGreaterThan(1);
    // Known by heart.
    expect(answers.at(-1)).toBe(rows.trained[1]?.answer);
  });
});

describe('a checkpoint', () => {
  test('repeats the steps behind it', async () => {
    const again = await trainer.train({ from: checkpoint(20).state, untilStep: 40 });
    expect(again.losses).toEqual(whole.losses.slice(20, 40));
    expect(again.milestones.map(({ step }) => step)).toEqual([40]);
    expect(again.milestones[0]?.state).toEqual(checkpoint(40).state);
  });

  test('Stop within a run, then on: as without', async () => {
    const stopped = await trainer.train({ from: checkpoint(0).state, untilStep: 20 }, (update, stop) => {
      if (update.type === 'step' && update.result.step === 7) stop();
    });
    if (stopped.end.type !== 'stopped' || !stopped.end.state) throw new Error(JSON.stringify(stopped.end));
    expect(stopped.end.step).toBe(stopped.end.state.optimizer.steps);
    expect(stopped.losses).toEqual(whole.losses.slice(0, stopped.end.step));
    expect(stopped.end.step).toBeLessThan(20);
    const rest = await trainer.train({ untilStep: 20 });
    expect([...stopped.losses, ...rest.losses]).toEqual(whole.losses.slice(0, 20));
    expect(lastOf(rest).state).toEqual(checkpoint(20).state);
  });

  test('outlives the worker: a new one goes on from it', async () => {
    const ended = new TrainerClient();
    await ended.prepared({ from: checkpoint(20).state });
    const cut = await ended.train({ untilStep: 60, measureEvery: 11 }, (update) => {
      if (update.type === 'step' && update.result.step === 24) ended.terminate();
    });
    expect(cut.end).toEqual({ type: 'stopped' });
    const { step, state } = lastOf(cut);
    expect(step).toBe(22);
    await ended.prepared({ from: state });
    const on = await ended.train({ untilStep: 25 });
    expect(on.losses).toEqual(whole.losses.slice(22, 25));
    ended.terminate();
  });
});

test.runIf(full)('on WebGPU: the same step, measures and answer', async () => {
  const gpu = new TrainerClient();
  const from = checkpoint(40).state;
  expect(await gpu.prepared({ provider: 'webgpu', from })).toMatchObject({ provider: 'webgpu', threads: 1 });
  const [there, here] = [await gpu.train({ untilStep: 41 }), await trainer.train({ from, untilStep: 41 })];
  expect(maxDifference(there.losses, here.losses)).toBeLessThan(1e-3);
  const [onGpu, onCpu] = [lastOf(there), lastOf(here)];
  expect(onGpu).toMatchObject({ step: 41, answer: onCpu.answer });
  expect(onGpu.heldOut?.loss).toBeCloseTo(onCpu.heldOut?.loss ?? NaN, 2);
  gpu.terminate();
});

test('a rate that is far too high ends the run, with the last adapter that had a loss', async () => {
  const wild = new TrainerClient();
  await wild.prepared({ settings: { ...settings, rate: 1e30, clip: 0, warmupSteps: 0 } });
  const run = await wild.train({ untilStep: 60 });
  expect(run.end).toMatchObject({ type: 'done', reason: 'diverged' });
  const { step, state, trained } = lastOf(run);
  expect(run.end).toMatchObject({ step });
  expect(step).toBeLessThan(60);
  expect(Number.isFinite(trained.loss)).toBe(true);
  expect(state.parameters.every(Number.isFinite)).toBe(true);
  wild.terminate();
});

describe('what cannot be trained', () => {
  const other = new TrainerClient();
  afterAll(() => other.terminate());
  const source = (name: string) => ({ type: 'url', url: packageUrl(name) }) as const;
  const withAnswer = (answer: string) => ({
    trained: [...rows.trained, { question: '진단', answer, image: undefined }],
  });

  const graphs = async (): Promise<Partial<PrepareRequest>> => {
    const files = graphsOnly.map(async (path) => ({
      path,
      blob: await (await fetch(packageUrl('medgemma-graphs') + path)).blob(),
    }));
    const text = rows.trained.slice(2);
    const fixed = { question: '진단', image: undefined };
    return {
      source: { type: 'files', name: 'huge', files: await Promise.all(files) },
      ...{ trained: text, heldOut: [], fixed },
    };
  };

  test.each<[string, () => Partial<PrepareRequest> | Promise<Partial<PrepareRequest>>, object]>([
    [
      'an answer that the tokenizer cannot write',
      () => withAnswer('a▁b'),
      { problem: 'answer', set: 'trained', row: 4, answer: 'a▁b', written: 'a b' },
    ],
    [
      'a row that is longer than the model’s positions',
      () => ({ heldOut: [{ question: '가'.repeat(5000), answer: '정상', image: undefined }] }),
      { problem: 'length', set: 'heldOut', row: 1, question: `${'가'.repeat(80)}…`, limit: 4096 },
    ],
    ['a rank beyond a matrix', () => ({ lora: { ...lora, rank: 65 } }), { problem: 'rank', target: 'v_proj' }],
    ['no projection', () => ({ lora: { ...lora, targets: [] } }), { problem: 'targets' }],
    ['no row', () => ({ trained: [] }), { problem: 'rows' }],
    [
      'a model that no tab can hold, before a byte of its weights is read',
      graphs,
      { problem: 'memory', limit: 2 ** 32 },
    ],
  ])('%s', async (_, request, detail) => {
    const { end } = await other.prepare(await request());
    expect(end).toMatchObject({ type: 'failed', failure: { code: 'training-refused', detail } });
    expect((await other.train({ untilStep: 1 })).end).toMatchObject({ failure: { code: 'no-model' } });
  });

  test('the decoder of another exporter, and images without a vision encoder', async () => {
    const foreign = await other.prepare({ source: source('foreign') });
    expect(foreign.end).toMatchObject({ failure: { code: 'unsupported-package' } });
    const textOnly = await other.prepare({ source: source('text-only') });
    expect(textOnly.end).toMatchObject({ failure: { code: 'no-vision' } });
  });

  test('nothing is trained after it was closed', async () => {
    await trainer.close();
    expect((await trainer.train({ untilStep: 1 })).end).toMatchObject({ failure: { code: 'no-model' } });
  });
});
