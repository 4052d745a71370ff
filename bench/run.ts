/** One round of measurements of one engine. */
import type { Page } from 'playwright';
import type { HeapPeak, WorkerHeap } from './heap.ts';
import type { Answer, EngineName, OpenRequest } from './page/contract.ts';
import type { GpuCounts } from '#core/protocol/bench.ts';

export interface Plan {
  request: OpenRequest;
  /** Prompts with their length in tokens. */
  prompts: readonly { tokens: number; text: string }[];
  newTokens: number;
}

/** Calls that are counted per decoded token. */
export const CALLS = [
  'dispatches',
  'indirectDispatches',
  'passes',
  'submits',
  'bindGroups',
  'writes',
  'copies',
  'buffers',
  'errorScopes',
  'maps',
  'readBytes',
] as const;

type Work = Record<(typeof CALLS)[number], number> &
  Pick<GpuCounts, 'kernels'> & {
    /** Processor time of the worker's thread; NaN where the system does not tell. */
    hostMilliseconds: number;
  };

export interface Timed {
  tokens: number;
  answer: Answer;
  /** GPU work per decoded token, prefill excluded. */
  perToken: Work;
}

export interface Run {
  engine: EngineName;
  /** With empty storage. */
  firstLoadMilliseconds: number;
  /** In a new worker, with the files already stored. */
  loadMilliseconds: number;
  /** First answer of a worker, including shader compilation. */
  firstAnswerMilliseconds: number;
  timed: Timed[];
  /** Bytes of GPU buffers after the model is loaded. */
  loadedGpuBytes: number;
  /** Pipelines created until the model is loaded, and in total. */
  loadedPipelines: number;
  pipelines: number;
  peakGpuBytes: number;
  wasmBytes: number;
  firstLoadHeap: HeapPeak;
  heap: HeapPeak;
}

/** Tokens of the warm-up answers: two, to include a decode step. */
const WARM = 2;

export async function run(
  engine: EngineName,
  page: Page,
  heap: WorkerHeap,
  workerTime: () => Promise<number>,
  plan: Plan,
): Promise<Run> {
  const open = () =>
    page.evaluate(([name, request]) => window.bench.open(name, request), [engine, plan.request] as const);
  const counts = async () => {
    const calls = await page.evaluate(() => window.bench.counts());
    return { ...calls, hostMilliseconds: await workerTime() };
  };
  const answer = async (text: string, newTokens: number) => {
    const before = await counts();
    const begin = performance.now();
    const result = await page.evaluate(([prompt, length]) => window.bench.generate(prompt, length), [
      text,
      newTokens,
    ] as const);
    console.error(`  ${engine}: ${result.promptTokens} + ${result.ids.length} tokens, ${seconds(begin)} s`);
    return { result, counts: combine(await counts(), before, (after, earlier) => after - earlier) };
  };

  await page.evaluate(() => window.bench.clearStorage());
  heap.take();
  const first = await open();
  const firstLoadHeap = heap.take();
  await page.evaluate(() => window.bench.close());

  const second = await open();
  console.error(
    `  ${engine}: loaded in ${(first.milliseconds / 1000).toFixed(1)} s, then ${(second.milliseconds / 1000).toFixed(1)} s`,
  );
  const loaded = await counts();
  let firstAnswerMilliseconds = NaN;
  const warm: Work[] = [];
  for (const { text } of plan.prompts) {
    const { result, counts } = await answer(text, WARM);
    warm.push(counts);
    if (Number.isNaN(firstAnswerMilliseconds)) firstAnswerMilliseconds = result.firstTokenMilliseconds;
  }
  const timed: Timed[] = [];
  for (const [index, { text, tokens }] of plan.prompts.entries()) {
    const { result, counts } = await answer(text, plan.newTokens);
    if (result.promptTokens !== tokens)
      throw new Error(`${engine}: the prompt has ${result.promptTokens} tokens instead of ${tokens}`);
    const steps = result.ids.length - WARM;
    const base = warm[index];
    if (steps <= 0 || !base) throw new Error(`${engine}: the answer ended after ${result.ids.length} tokens`);
    timed.push({ tokens, answer: result, perToken: combine(counts, base, (all, few) => (all - few) / steps) });
  }
  const { peakBytes, wasmBytes, pipelines } = await counts();
  const run: Run = {
    engine,
    firstLoadMilliseconds: first.milliseconds,
    loadMilliseconds: second.milliseconds,
    firstAnswerMilliseconds,
    timed,
    loadedGpuBytes: loaded.liveBytes,
    loadedPipelines: loaded.pipelines,
    pipelines,
    peakGpuBytes: peakBytes,
    wasmBytes,
    firstLoadHeap,
    heap: heap.take(),
  };
  await page.evaluate(() => window.bench.close());
  return run;
}

function seconds(begin: number): string {
  return ((performance.now() - begin) / 1000).toFixed(1);
}

function combine(a: Work, b: Work, how: (a: number, b: number) => number): Work {
  const names = new Set([...Object.keys(a.kernels), ...Object.keys(b.kernels)]);
  const calls = { ...a };
  for (const call of [...CALLS, 'hostMilliseconds'] as const) calls[call] = how(a[call], b[call]);
  calls.kernels = Object.fromEntries([...names].map((name) => [name, how(a.kernels[name] ?? 0, b.kernels[name] ?? 0)]));
  return calls;
}
