/** The weights worker as the page has it: it looks into a package, makes others, and the engine runs them. */
import { expect, test, vi } from 'vitest';
import type { ModelPart } from '#core/gemma3/parts.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { JobEnd, JobEvent } from '#core/protocol/jobs.ts';
import type { RequantizedPackage, WeightsJobs } from '#core/protocol/weights.ts';
import type { Inspection } from '#core/quant/inspection.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import { EngineClient } from '../engine/client.ts';
import { packageUrl } from '../engine/model.ts';
import { breath, diagnosis, expectedAnswers } from '../engine/questions.ts';
import { full } from '../provided.ts';

vi.setConfig({ testTimeout: 600_000 });

const worker = new WorkerClient<WeightsJobs>({
  name: 'weights',
  create: () => new Worker(new URL('../../../workers/weights.worker.ts', import.meta.url), { type: 'module' }),
});
const Q_PROJ = 'model.layers.3.self_attn.q_proj.weight';

/** The last event of a job, and what came before. */
async function run<Name extends keyof WeightsJobs>(
  name: Name,
  request: WeightsJobs[Name]['request'],
): Promise<{ end: JobEnd<WeightsJobs[Name]>; before: JobEvent<WeightsJobs[Name]>[] }> {
  const events: JobEvent<WeightsJobs[Name]>[] = [];
  const job = worker.start(name, request, (event: JobEvent<WeightsJobs[Name]>) => void events.push(event));
  const end = await job.ended;
  expect(events.pop()).toBe(end);
  return { end, before: events };
}

async function inspect(matrix: string, settings: QuantSettings): Promise<Inspection> {
  const request = { matrix, settings, bins: 32, mapSize: 8, detailSize: 4, detailRow: 2, detailColumn: 30 };
  const { end } = await run('inspect', request);
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return end.inspection;
}

async function requantize(
  parts: Record<ModelPart, QuantSettings>,
  checkpoint: PackageSource = { type: 'url', url: packageUrl('checkpoint') },
): Promise<RequantizedPackage> {
  const { end, before } = await run('requantize', { checkpoint, parts, name: 'made here' });
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  expect(before.at(-1)).toMatchObject({ type: 'progress' });
  return end.package;
}

function settings(format: QuantSettings['format'], more: Partial<QuantSettings> = {}): QuantSettings {
  return { format, symmetric: true, blockSize: 32, method: 'round', ...more };
}

test('looks into a package that is served over HTTP', async () => {
  const early = await run('norms', [Q_PROJ]);
  expect(early.end).toEqual({ type: 'failed', failure: { code: 'no-model', detail: {} } });

  const source = { type: 'url', url: packageUrl('chat') } as const;
  const { end } = await run('open', { type: 'package', source });
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  expect(end.name).toBe('gemma3-tiny (random)');
  expect(end.matrices).toContainEqual({ name: Q_PROJ, rows: 128, columns: 160, stored: 'q4/32' });

  const result = await inspect(Q_PROJ, settings('q2', { symmetric: false, blockSize: 16 }));
  expect(result).toMatchObject({ inspectedRows: 128, matrix: { name: Q_PROJ } });
  expect(result.detail).toMatchObject({ row: 2, column: 30, rows: 4, columns: 4 });
  expect(result.histogram.original.reduce((sum, count) => sum + count, 0)).toBe(128 * 160);
  expect(result.measures.bitsPerWeight).toBeCloseTo(2 + 16 / 16 + (3 * 8) / 160, 10);
  const { facts } = await worker.ask('weightAt', { row: 3, column: 31 });
  expect(facts).toMatchObject({ original: result.detail.original[5], quantized: result.detail.quantized[5] });
  const { code = NaN, zeroPoint = NaN, scale = NaN } = facts ?? {};
  expect(Math.fround((code - zeroPoint) * scale)).toBe(facts?.quantized);
  expect(await worker.ask('weightAt', { row: 128, column: 0 })).toEqual({ type: 'done', facts: undefined });

  const norms = await run('norms', [Q_PROJ]);
  // Its error is that of half precision.
  const { measures } = await inspect(Q_PROJ, settings('fp16'));
  expect(measures.bitsPerWeight).toBe(16);
  expect(measures.snrDecibels).toBeGreaterThan(60);
  if (norms.end.type !== 'done') throw new Error(JSON.stringify(norms.end));
  expect(norms.before).toEqual([{ type: 'progress', done: 1, total: 1 }]);
  const { rootMeanSquareError, snrDecibels } = result.measures;
  const fromSnr = rootMeanSquareError * Math.sqrt(128 * 160) * 10 ** (snrDecibels / 20);
  expect(norms.end.norms).toEqual([{ name: Q_PROJ, norm: expect.closeTo(fromSnr, 6) }]);

  const unknown = await run('norms', ['model.nothing']);
  expect(unknown.end).toMatchObject({ type: 'failed', failure: { code: 'file-broken' } });
});

test('what it makes of a checkpoint answers', async () => {
  const engine = new EngineClient();
  const q4 = settings('q4');
  const exact = settings('q8', { blockSize: 16 });
  const like = await requantize({ attention: q4, mlp: q4, head: q4, vision: exact });
  expect(like.asFloats).toEqual([]);
  const model = await engine.model({ type: 'files', name: like.name, files: like.files }, { contextLength: 256 });
  expect(model).toMatchObject({ name: 'made here', dtype: { decoder: 'q4', vision: 'q8' }, hasVision: true });
  // The exporter's package, byte for byte.
  const { chat } = await expectedAnswers();
  const answer = await engine.ask(breath, { maxNewTokens: 5 });
  expect(answer.ids).toEqual(chat[breath]?.slice(0, 5));
  engine.terminate();
});

test.runIf(full)('zero points in products of 2 and 4 bits, and floats: on WebGPU as on the CPU', async () => {
  const engine = new EngineClient();
  const mixed = await requantize({
    attention: settings('q4', { symmetric: false }),
    mlp: settings('q2', { symmetric: false, blockSize: 16, method: 'search' }),
    head: settings('q4', { symmetric: false }),
    vision: settings('nf4', { blockSize: 16 }),
  });
  // The table of embeddings: its rows cannot be gathered with zero points everywhere.
  expect(mixed.asFloats).toEqual(['head', 'vision']);
  const source: PackageSource = { type: 'files', name: mixed.name, files: mixed.files };
  const gpu = await engine.model(source, { contextLength: 256, provider: 'webgpu' });
  expect(gpu.runtime.provider).toBe('webgpu');
  const onGpu = await engine.ask(diagnosis, { maxNewTokens: 6 });
  engine.terminate();
  const other = new EngineClient();
  const cpu = await other.model(source, { contextLength: 256, provider: 'wasm' });
  expect(cpu.runtime.provider).toBe('wasm');
  const onCpu = await other.ask(diagnosis, { maxNewTokens: 6 });
  other.terminate();
  expect(onGpu.ids).toEqual(onCpu.ids);
  expect(onGpu.ids.length).toBeGreaterThan(0);
});
