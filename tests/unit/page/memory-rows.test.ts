/** What the memory dialog says, from a history and a plan. */
import { expect, test } from 'vitest';
import { valueOf } from '#core/budget/expression.ts';
import type { GpuPurpose } from '#core/budget/gpu-purpose.ts';
import { planMemory } from '#core/budget/memory-plan.ts';
import { config4B } from '#core/budget/lora.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';
import type { EnginePhase, MemoryStats, Stats } from '#core/protocol/stats.ts';
import {
  differenceOf,
  fixedByShape,
  kvGrowth,
  memoryRows,
  phaseSpans,
  totalPeak,
} from '../../../src/shell/ledger/rows.ts';
import { memoryCsv, memoryJson } from '../../../src/shell/ledger/saved.ts';
import { MemoryHistory, thinned, type MemorySample } from '../../../src/workers/memory-history.svelte.ts';

const none: Record<GpuPurpose, number> = { weights: 0, vision: 0, lora: 0, kv: 0, images: 0, scratch: 0 };

function sample(
  seconds: number,
  phase: EnginePhase,
  gpu: Partial<typeof none>,
  peak: Partial<typeof none> = gpu,
): MemorySample {
  const total = Object.values(peak).reduce((sum, bytes) => sum + bytes, 0);
  return {
    ...{ seconds, phase, contextUsed: 0, kvFilled: 0, cpu: undefined, storage: undefined },
    gpu: { ...none, ...gpu },
    gpuPeak: { total, byPurpose: { ...none, ...peak } },
    ...{ wasmHeap: 100, workerHeap: undefined, pageHeap: 50 },
  };
}

const settings = {
  ...{ storage: STORAGE_PRESETS.q4f16, addedTokens: 0, images: 1, hasVision: true, keepVisionOnGpu: true },
  contextLength: 4096,
};
const plan = planMemory(config4B, settings);
const plannedBytes = (purpose: GpuPurpose) => {
  const figure = plan.figures.find((each) => each.purpose === purpose);
  return figure ? valueOf(figure.bytes) : NaN;
};

test('purposes with now, peak and plan; the exact ones add up, estimates stay apart', () => {
  const [weights, vision, kv] = [plannedBytes('weights'), plannedBytes('vision'), plannedBytes('kv')];
  const samples = [
    sample(1, 'load', { weights: 10 }, { weights: 10, scratch: 70 }),
    sample(2, 'decode', { weights: weights * 1.01, vision, kv, scratch: 5 }),
  ];
  const rows = memoryRows(samples, plan);
  expect(rows.map(({ purpose }) => purpose)).toEqual(['weights', 'vision', 'kv', 'images', 'scratch']);
  expect(rows.find(({ purpose }) => purpose === 'scratch')).toMatchObject({ now: 5, peak: 70 });
  const fixed = fixedByShape(rows);
  expect(fixed?.planned).toBe(weights + vision + kv);
  expect(differenceOf(fixed?.now ?? NaN, fixed?.planned ?? NaN)).toBeCloseTo(
    (0.01 * weights) / (weights + vision + kv),
  );
  expect(totalPeak(samples)).toBeCloseTo(weights * 1.01 + vision + kv + 5);
  expect(fixedByShape(memoryRows(samples, undefined))).toBeUndefined();
});

test('on the CPU there are no rows of a GPU, and nothing is zero', () => {
  const onCpu = { ...sample(1, 'load', {}), gpu: undefined, gpuPeak: undefined };
  expect(memoryRows([onCpu], undefined)).toEqual([]);
  expect(phaseSpans([onCpu])).toEqual([{ phase: 'load', from: 1, to: 1, peak: 100 }]);
  const [, row] = memoryCsv([onCpu]).trim().split('\r\n');
  expect(row).toBe('1,load,,,,,,,,0,0,,,100,,50,');
});

test('phases follow one another, each with the most that it held', () => {
  const samples = [
    sample(1, 'load', { weights: 5 }),
    sample(2, 'load', { weights: 9 }, { weights: 12 }),
    sample(2.5, 'prefill', { weights: 9 }),
    sample(4, 'decode', { weights: 9, scratch: 2 }),
    sample(5, 'prefill', { weights: 9 }),
  ];
  expect(phaseSpans(samples)).toEqual([
    { phase: 'load', from: 1, to: 2, peak: 12 },
    { phase: 'prefill', from: 2, to: 2.5, peak: 9 },
    { phase: 'decode', from: 2.5, to: 4, peak: 11 },
    { phase: 'prefill', from: 4, to: 5, peak: 9 },
  ]);
});

test('KV growth is of the last answer, between the end of its prefill and its last token', () => {
  const at = (seconds: number, phase: EnginePhase, contextUsed: number, kvFilled: number) => ({
    ...sample(seconds, phase, {}),
    ...{ contextUsed, kvFilled },
  });
  expect(kvGrowth([at(1, 'prefill', 10, 1000)])).toBeUndefined();
  const first = [at(1, 'prefill', 10, 1000), at(2, 'decode', 14, 1400)];
  expect(kvGrowth(first)).toBe(100);
  expect(kvGrowth([...first, at(3, 'prefill', 30, 3000), at(4, 'decode', 32, 3020), at(5, 'decode', 34, 3040)])).toBe(
    10,
  );
});

function stats(busyMilliseconds: number, phase: EnginePhase, kv = 0): Stats {
  const measured = (bytes: number) => ({ bytes, how: 'measured' as const });
  const gpu = { ...none, kv };
  const memory: MemoryStats = {
    gpu: {
      ...{ weights: measured(0), vision: measured(0), lora: measured(0) },
      ...{ kv: measured(kv), images: measured(0), scratch: measured(0) },
    },
    gpuPeak: { total: kv, byPurpose: gpu },
    ...{ cpu: undefined, kvFilled: undefined, jsHeap: undefined, wasmHeap: undefined },
  };
  return { time: 0, busyMilliseconds, phase, turn: undefined, contextUsed: 0, contextLength: 0, memory };
}

test('time is of the engine’s work, also where another worker goes on', () => {
  const history = new MemoryHistory(() => Promise.resolve(undefined));
  for (const busy of [5000, 5500, 7000]) history.add(stats(busy, 'load'), undefined);
  history.add(stats(0, 'load'), undefined);
  history.add(stats(400, 'load'), undefined);
  expect(history.samples.map(({ seconds }) => seconds)).toEqual([0, 0.5, 2, 2, 2.4]);
  history.clear();
  expect(history.samples).toEqual([]);
});

test('what the storage holds is in the samples from the answer on', async () => {
  const history = new MemoryHistory(() => Promise.resolve(7));
  history.add(stats(0, 'load'), undefined);
  await Promise.resolve();
  history.add(stats(200, 'load'), undefined);
  expect(history.samples.map(({ storage }) => storage)).toEqual([undefined, 7]);
});

test('a long history is thinned: no phase is lost, and no peak', () => {
  const history = new MemoryHistory(() => Promise.resolve(undefined));
  for (let at = 0; at < 2000; at++)
    history.add(stats(at * 200, at === 777 ? 'image' : 'decode', at === 888 ? 9 : 1), undefined);
  expect(history.samples.length).toBeLessThanOrEqual(600);
  expect(totalPeak(history.samples)).toBe(9);
  expect(phaseSpans(history.samples).map(({ phase }) => phase)).toEqual(['decode', 'image', 'decode']);
  expect(history.samples.at(-1)?.seconds).toBeCloseTo(399.8);
  expect(thinned([])).toEqual([]);
});

test('the JSON file has the plan with its formulas', () => {
  const saved: unknown = JSON.parse(memoryJson([sample(1, 'load', {})], plan, undefined));
  expect(saved).toMatchObject({ unit: 'bytes', samples: [{ seconds: 1, phase: 'load' }] });
  expect(JSON.stringify(saved)).toContain('kv_heads');
});
