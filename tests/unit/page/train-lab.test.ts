import { expect, test } from 'vitest';
import type { KeptMilestone, KeptStep, RunPlan } from '#core/lora/training/kept-run.ts';
import { readMilestone, readRunPlan, readRunProgress, readTable } from '#core/lora/training/kept-run.ts';
import { shapeJson } from '#core/gemma3/shape-json.ts';
import { config4B } from '#core/budget/lora.ts';
import type { JobEnd } from '#core/protocol/jobs.ts';
import type { PreparedTraining, TrainerJobs } from '#core/protocol/trainer.ts';
import { readHash } from '../../../src/platform/place.svelte.ts';
import { exactCurve, lossBefore, lossCurve } from '../../../src/labs/train/curve.ts';
import type { Keeping } from '../../../src/labs/train/keeping.svelte.ts';
import { planAgain, smallerRate } from '../../../src/labs/train/plan.ts';
import { verdictOf } from '../../../src/labs/train/run-verdict.ts';
import { Run } from '../../../src/labs/train/run.svelte.ts';
import { Runs, type Trainer } from '../../../src/labs/train/runs.svelte.ts';
import { trainingSettings } from '../../../src/labs/train/settings.svelte.ts';
import { linkTo, readRecipe, type Recipe } from '../../../src/labs/train/share.ts';

const values = {
  ...{ rank: 4, alpha: 8, targets: 'all' as const, rate: 0.02, steps: 6, batch: 3, warmup: 1, seed: 7 },
};
const row = { question: '몇 개입니까?', answer: '二個', image: { type: 'phantom' as const, seed: 12 } };
const plan: RunPlan = {
  ...{ id: 'one', created: '2026-11-30T07:00:00.000Z', name: 'hanja-count-r4', task: 'hanja-count', language: 'ko' },
  model: { name: 'teaching', dtype: 'q4', manifestSha256: undefined, shape: shapeJson(config4B) },
  lora: { rank: 4, alpha: 8, targets: ['q_proj'] },
  settings: trainingSettings(values),
  ...{ measureEvery: 2, measuredRows: 4, trained: [row], heldOut: [row], fixed: row },
};

const stateAt = (step: number) => ({
  parameters: Float32Array.of(step),
  optimizer: { steps: step, first: Float32Array.of(0), second: Float32Array.of(0) },
});
const measure = (loss: number, exact: number) => ({ loss, exact, rows: 10, tokens: 30 });

function milestone(step: number, trained = measure(1, step), heldOut = measure(1, step)): KeptMilestone {
  return { step, trained, heldOut, answer: `답 ${step}`, modules: [], state: stateAt(step) };
}

const stepAt = (step: number): KeptStep => ({ step, loss: 4 - step / 2, rate: 0.01, gradientNorm: 1, seconds: step });

test('what broke, what was learnt by heart and what was learnt are told apart', () => {
  const base = milestone(0, measure(3, 0), measure(3, 0));
  const of = (...later: KeptMilestone[]) => verdictOf([base, ...later], [{ loss: 3.1 }]);
  expect(of()).toBeUndefined();
  const before = milestone(2, measure(1, 5), measure(1, 4));
  expect(of(before, milestone(4, measure(0.1, 10), measure(0.2, 9)))).toEqual({ kind: 'learned', best: 4, peak: 3.1 });
  expect(of(before, milestone(4, measure(0.01, 10), measure(2, 4)))).toEqual({ kind: 'overfit', best: 2, peak: 3.1 });
  expect(of(before, milestone(4, measure(9, 0), measure(9, 0)))).toEqual({ kind: 'broken', best: 2, peak: 9 });
  expect(of(milestone(4, measure(NaN, 0), measure(NaN, 0)))).toMatchObject({ kind: 'broken', best: 0 });
  // It rose, came down again, and learnt nothing; or learnt all the same.
  const risen = [{ loss: 3 }, { loss: 8 }, { loss: 1 }];
  const after = (exact: number) => [base, milestone(4, measure(1, exact), measure(1, exact))];
  expect(verdictOf(after(1), risen)?.kind).toBe('broken');
  expect(verdictOf(after(9), risen)?.kind).toBe('learned');
  expect(verdictOf(after(0), [{ loss: 4 }])).toBeUndefined();
});

test('the loss of a step stands where the adapter stood before it, and what is no number is not drawn', () => {
  const steps = [stepAt(1), stepAt(2), { ...stepAt(3), loss: NaN }];
  const milestones = [milestone(0), milestone(2)];
  expect(lossCurve(steps, milestones)).toEqual({
    x: [0, 1, 2],
    trained: [3.5, 3, null],
    heldOut: [1, null, 1],
  });
  expect(exactCurve(milestones)).toEqual({ x: [0, 2], trained: [0, 0.2], heldOut: [0, 0.2] });
  expect(lossBefore(milestone(2), milestone(0), steps)).toBe(3.25);
  expect(lossBefore(milestone(0), undefined, steps)).toBeUndefined();
});

test('a run goes back to a milestone, and what came after it is dropped when it goes on', () => {
  const run = new Run(plan);
  for (const each of [milestone(0), milestone(2), milestone(4)]) run.addMilestone(each);
  for (let step = 1; step <= 5; step++) run.addStep(stepAt(step));
  run.stopAt({ step: 5, state: stateAt(5) });
  expect([run.state, run.step]).toEqual(['stopped', 5]);
  run.goBack(2);
  expect([run.state, run.step, run.shown?.step]).toEqual(['stopped', 2, 2]);
  // Nothing is lost yet.
  expect(run.milestones).toHaveLength(3);
  run.goBack(4);
  expect(run.step).toBe(4);
  run.goBack(2);
  expect(run.rewind()?.state).toEqual(stateAt(2));
  expect(run.steps.map(({ step }) => step)).toEqual([1, 2]);
  expect(run.milestones.map(({ step }) => step)).toEqual([0, 2]);
});

test('after a reload a run stands at its last checkpoint, with the curve up to there', () => {
  const progress = {
    ...{ steps: [1, 2, 3].map(stepAt), stopped: undefined, diverged: undefined, prepared: undefined },
  };
  const run = new Run(plan, progress, [milestone(0), milestone(2)]);
  expect([run.state, run.step, run.steps.length]).toEqual(['stopped', 2, 2]);
  const stopped = new Run(plan, { ...progress, stopped: { step: 3, state: stateAt(3) } }, [milestone(0), milestone(2)]);
  expect([stopped.state, stopped.step, stopped.steps.length]).toEqual(['stopped', 3, 3]);
  expect(new Run(plan, progress, [milestone(0), milestone(6)]).state).toBe('done');
  expect(new Run(plan, { ...progress, diverged: 3 }, [milestone(0), milestone(2)]).state).toBe('diverged');
});

test('what is kept reads back as it was, and what is broken is refused by its field', () => {
  expect(readRunPlan(structuredClone(plan))).toEqual(plan);
  expect(readMilestone(structuredClone(milestone(2)))).toEqual(milestone(2));
  const diverged = milestone(2, measure(NaN, 0));
  expect(readMilestone(structuredClone(diverged)).trained.loss).toBeNaN();
  expect(() => readMilestone({ ...milestone(2), state: { ...stateAt(2), parameters: [1] } })).toThrow(/parameters/);
  expect(() => readRunPlan({ ...plan, lora: { ...plan.lora, rank: 0 } })).toThrow(/rank/);
  expect(() => readRunProgress({ steps: 'none' })).toThrow(/steps/);
  // Rows that cannot be trained on are kept too: the visitor mends them.
  const draft = Array.from({ length: 12_000 }, (_, at) => ({ ...row, answer: at === 0 ? '가'.repeat(30_000) : '' }));
  expect(readTable(draft)).toHaveLength(12_000);
});

test('a link holds the recipe; what cannot be read in it is named', () => {
  const recipe: Recipe = { task: 'hanja-count', language: 'en', values };
  const { lab, query } = readHash(new URL(linkTo(recipe, 'https://lab.example/?lang=en#/chat')).hash);
  expect(lab).toBe('train');
  expect(readRecipe(query)).toEqual({ recipe, broken: [] });
  expect(readRecipe(new URLSearchParams())).toBeUndefined();
  const odd = readRecipe(new URLSearchParams('task=report&rank=3&rate=-1&steps=1.5&seed=1000000'));
  expect(odd?.broken).toEqual(['rank', 'rate', 'steps', 'seed']);
  expect(odd?.recipe).toMatchObject({ task: 'report', values: { rank: 8, seed: 0 } });
});

test('a run at another rate has a name of its own, and a rate of one digit', () => {
  const rated = (rate: number) => ({ ...plan, settings: { ...plan.settings, rate } });
  expect(smallerRate(rated(1))).toBe(0.005);
  expect(smallerRate(rated(0.005))).toBe(0.001);
  const again = planAgain(plan, { rate: 0.004 }, ['hanja-count-r4', 'hanja-count-r4-2']);
  expect(again).toMatchObject({ name: 'hanja-count-r4-3', settings: { rate: 0.004 }, trained: plan.trained });
  expect(again.id).not.toBe(plan.id);
});

const prepared: PreparedTraining = {
  ...{ config: config4B, baseModel: 'teaching', parameters: 1, provider: 'wasm', cpuReason: undefined, threads: 1 },
  rows: [{ tokens: 20, answerTokens: 3 }],
};

/** Trains at once; `stopAfter` steps the visitor presses Stop. */
function trainer(stopAfter = Infinity, end?: JobEnd<TrainerJobs['train']>) {
  const asked: { name: string; from: number | undefined }[] = [];
  const start = (name: keyof TrainerJobs, request: unknown, on: (event: never) => void = () => {}) => {
    const run = async (): Promise<object> => {
      if (name === 'prepare') return { type: 'done', ...prepared };
      const { from, untilStep, measureEvery } = request as TrainerJobs['train']['request'];
      asked.push({ name, from: from?.optimizer.steps });
      const send = on as (event: unknown) => void;
      const begin = from?.optimizer.steps ?? 0;
      if (!from) send({ type: 'milestone', milestone: milestone(0) });
      for (let step = begin + 1; step <= untilStep; step++) {
        await Promise.resolve();
        send({ type: 'step', result: stepAt(step), seconds: 1 });
        if (step - begin >= stopAfter) return end ?? { type: 'stopped', step, state: stateAt(step) };
        if (step % measureEvery === 0) send({ type: 'milestone', milestone: milestone(step) });
      }
      return { type: 'done', reason: 'steps', step: untilStep };
    };
    return { ended: run(), stop: () => {}, yield: () => {} };
  };
  return { asked, worker: { start, end: () => {} } as unknown as Trainer };
}

const keeping = {
  keepPlan: () => Promise.resolve(),
  keepProgress: () => Promise.resolve(),
  run: () => Promise.resolve(undefined),
} as unknown as Keeping;
const base = {
  source: { type: 'url' as const, url: 'https://lab.example/models/teaching/' },
  provider: 'wasm' as const,
};

test('a run that stops goes on from its last whole step, and one whose worker is gone from its last milestone', async () => {
  const { worker, asked } = trainer(3);
  const runs = new Runs(
    () => worker,
    keeping,
    () => Promise.resolve(true),
    () => {},
  );
  const run = await runs.begin(plan, base);
  expect([run?.state, run?.step]).toEqual(['stopped', 3]);
  if (run) await runs.resume(run, base);
  expect([run?.state, run?.step]).toEqual(['done', 6]);
  expect(asked.map(({ from }) => from)).toEqual([undefined, 3]);
  expect(run?.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);

  const gone = trainer(3, { type: 'failed', failure: { code: 'worker-crashed', detail: { worker: 'trainer' } } });
  const others = new Runs(
    () => gone.worker,
    keeping,
    () => Promise.resolve(true),
    () => {},
  );
  const lost = await others.begin({ ...plan, id: 'two' }, base);
  expect([lost?.state, lost?.step, lost?.failure?.code]).toEqual(['stopped', 2, 'worker-crashed']);
});

test('a run that another tab trains is left to it, and a second one waits', async () => {
  const { worker } = trainer();
  const runs = new Runs(
    () => worker,
    keeping,
    () => Promise.resolve(false),
    () => {},
  );
  const run = await runs.begin(plan, base);
  expect([run?.isElsewhere, run?.activity]).toEqual([true, 'none']);
  if (run) await runs.remove(run);
  expect(runs.all).toHaveLength(1);
  const free = new Runs(
    () => worker,
    keeping,
    () => Promise.resolve(true),
    () => {},
  );
  const both = await Promise.all([free.begin(plan, base), free.begin({ ...plan, id: 'two' }, base)]);
  expect(both.map((one) => one?.plan.id)).toEqual(['one', undefined]);
});

test('a run that another tab trained further goes on from there', async () => {
  const { worker, asked } = trainer();
  const progress = { steps: [], stopped: undefined, diverged: undefined, prepared: undefined };
  const kept = (...steps: number[]) => ({ plan, progress, milestones: steps.map((step) => milestone(step)) });
  const runs = new Runs(
    () => worker,
    {
      keepProgress: () => Promise.resolve(),
      runs: () => Promise.resolve([kept(0, 2)]),
      run: () => Promise.resolve(kept(0, 2, 4)),
    } as unknown as Keeping,
    () => Promise.resolve(true),
    () => {},
  );
  await runs.restore();
  const [run] = runs.all;
  expect(run?.step).toBe(2);
  if (run) await runs.resume(run, base);
  expect(asked.map(({ from }) => from)).toEqual([4]);
  expect(run?.milestones.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
});
