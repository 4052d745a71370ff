/** The training graph of whole packages: losses of the reference, gradients by differences, batches, quantized weights. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TRAINING_OUTPUTS } from '#core/gemma3/training-graph.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { readAdapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import { initialParameters } from '#core/lora/training/parameters.ts';
import { peftFiles, peftName } from '#core/lora/training/peft-files.ts';
import { floatsOf, idsOf } from '#core/lora/training/run-graph.ts';
import { MemorySource } from '#core/memory-source.ts';
import { Random } from '#core/sampling/random.ts';
import { argmax, caseNames, maxDifference, readTensors, type Golden } from '../../../reference/golden.ts';
import { exportFixture, fileSource, fixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { relativeError } from '../../../reference/training-case.ts';
import { writeTextOnly } from '../../parity/checkpoints.ts';
import { openTrainingGraph, wholeRow, type OpenedGraph } from './graph.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = temporaryFolder();
afterAll(() => folder.remove());
let reference: Golden;
beforeAll(async () => {
  reference = await golden();
  await exportFixture(`${folder.path}/fp32`, 'fp32');
});

const loss = async (opened: OpenedGraph, rows: TrainingRow[], parameters: Float32Array) =>
  floatsOf(await opened.run(rows, 1 / rows.length, parameters), TRAINING_OUTPUTS.loss)[0] ?? NaN;

/** Of every matrix its own, so that a gradient in the wrong place shows. */
function noise(length: number, size: number, seed: number): Float32Array<ArrayBuffer> {
  const random = Random.fromSeed(seed);
  return Float32Array.from({ length }, () => size * (2 * random.uniform() - 1));
}

/** Differences of the loss along a direction in the matrices of each target, against the gradient. */
async function checkGradient(opened: OpenedGraph, rows: TrainingRow[]): Promise<void> {
  const { layout } = opened;
  const at = noise(layout.length, 0.2, 1);
  const gradients = floatsOf(await opened.run(rows, 1 / rows.length, at), TRAINING_OUTPUTS.gradients);
  const direction = noise(layout.length, 1, 2);
  for (const target of layout.settings.targets) {
    const own = new Float32Array(layout.length);
    for (const { shape, offset, ...matrix } of layout.matrices)
      if (matrix.target === target) own.set(direction.subarray(offset, offset + shape[0] * shape[1]), offset);
    const h = 2 ** -7;
    const moved = (by: number) => at.map((value, i) => value + by * (own[i] ?? NaN));
    const difference = ((await loss(opened, rows, moved(h))) - (await loss(opened, rows, moved(-h)))) / (2 * h);
    const computed = gradients.reduce((sum, value, i) => sum + value * (own[i] ?? NaN), 0);
    const size = Math.sqrt(gradients.reduce((sum, value, i) => sum + (own[i] === 0 ? 0 : value * value), 0));
    expect(size).toBeGreaterThan(0);
    expect(Math.abs(difference - computed) / size, target).toBeLessThan(0.02);
  }
}

describe('the fp32 package', () => {
  const settings = { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj', 'o_proj'] } as const;
  let opened: OpenedGraph;
  let adapter: Float32Array<ArrayBuffer>;

  beforeAll(async () => {
    opened = await openTrainingGraph(`${folder.path}/fp32`, settings);
    const tensors = await readTensors(fileSource(join(fixture, 'lora/adapter_model.safetensors')));
    adapter = new Float32Array(opened.layout.length);
    for (const matrix of opened.layout.matrices) {
      const old = peftName(opened.config, matrix).replace('model.language_model.layers', 'language_model.model.layers');
      const tensor = tensors.get(old) ?? tensors.get(peftName(opened.config, matrix));
      if (!tensor) throw new Error(`no ${old}`);
      adapter.set(tensor.data, matrix.offset);
    }
  });
  afterAll(() => opened.graph.release());

  it.each([
    ...caseNames.map((name) => [name, 'logits'] as const),
    ...(['text_beyond_window', 'one_image'] as const).map((name) => [name, 'lora_logits'] as const),
  ])('%s: the loss of every token, and the likeliest, as the reference’s %s have them', async (name, logits) => {
    const row = wholeRow(reference, name);
    const results = await opened.run([row], 1, logits === 'logits' ? new Float32Array(adapter.length) : adapter);
    const { data, shape } = reference.tensor(`${name}.${logits}`);
    const vocabulary = shape.at(-1) ?? 0;
    const expected = row.answers.map(({ position, id }) => {
      const own = data.subarray(position * vocabulary, (position + 1) * vocabulary);
      const sum = own.reduce((all, value) => all + Math.exp(value), 0);
      return { loss: Math.log(sum) - (own[id] ?? NaN), id: BigInt(argmax(own)) };
    });
    const losses = floatsOf(results, TRAINING_OUTPUTS.tokenLosses);
    expect(
      maxDifference(
        losses,
        expected.map(({ loss }) => loss),
      ),
    ).toBeLessThan(1e-3);
    expect([...idsOf(results, TRAINING_OUTPUTS.predicted)]).toEqual(expected.map(({ id }) => id));
  });

  it('rows of several lengths and images in one run, padded, are what each is alone', async () => {
    const rows = caseNames.map((name) => wholeRow(reference, name));
    const together = await opened.run(rows, 0.1, adapter);
    const gradient = new Float32Array(opened.layout.length);
    const losses: number[] = [];
    for (const row of rows) {
      const alone = await opened.run([row], 0.1, adapter);
      losses.push(...floatsOf(alone, TRAINING_OUTPUTS.tokenLosses));
      floatsOf(alone, TRAINING_OUTPUTS.gradients).forEach((value, i) => (gradient[i] = (gradient[i] ?? NaN) + value));
    }
    expect(maxDifference(floatsOf(together, TRAINING_OUTPUTS.tokenLosses), losses)).toBeLessThan(1e-4);
    expect(relativeError(floatsOf(together, TRAINING_OUTPUTS.gradients), gradient)).toBeLessThan(1e-5);
  });

  it('an adapter is read back as it was written', async () => {
    const { config, weights } = peftFiles(opened.config, opened.layout, adapter, 'tiny');
    const source = new MemorySource('adapter_model.safetensors', weights);
    const read = await readAdapter(parseAdapterConfig(JSON.parse(config)), source, opened.config);
    expect(read.missing).toEqual([]);
    const values = read.modules.flatMap(({ a, b, scale }) => (scale === 2 ? [...a, ...b] : []));
    expect(Float32Array.from(values)).toEqual(adapter);
  });
});

it('gradients of all seven projections, by differences of the loss', async () => {
  const opened = await openTrainingGraph(`${folder.path}/fp32`, { rank: 2, alpha: 3, targets: PROJECTIONS });
  await checkGradient(opened, [wholeRow(reference, 'two_images')]);
  await opened.graph.release();
});

describe.each(['q4', 'q4f16'] as const)('the %s package', (dtype) => {
  it('is trained as it is stored: gradients by differences of its own loss', async () => {
    const out = `${folder.path}/${dtype}`;
    await exportFixture(out, dtype);
    const opened = await openTrainingGraph(out, { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] });
    await checkGradient(opened, [wholeRow(reference, 'one_image')]);
    await opened.graph.release();
  });
});

it('a text-only package, whose decoder holds the embedding', async () => {
  await writeTextOnly(`${folder.path}/text-checkpoint`);
  const out = `${folder.path}/text`;
  await exportFixture(out, 'q4', { checkpoint: `${folder.path}/text-checkpoint` });
  const opened = await openTrainingGraph(out, { rank: 2, alpha: 4, targets: ['v_proj'] });
  const row = wholeRow(reference, 'text_short');
  const start = initialParameters(opened.layout, 0);
  const losses = floatsOf(await opened.run([row], 1, start), TRAINING_OUTPUTS.tokenLosses);
  // A model that knew nothing would have ln 512 everywhere; embeddings that are off by a factor give other logits than the package's own.
  const model = await NodeModel.openTextOnly(out, 'q4');
  const { logits } = await model.prefill(row.ids);
  const own = row.answers.map(({ position, id }) => {
    const all = logits.subarray(position * 512, (position + 1) * 512);
    return Math.log(all.reduce((sum, value) => sum + Math.exp(value), 0)) - (all[id] ?? NaN);
  });
  expect(maxDifference(losses, own)).toBeLessThan(1e-3);
  await opened.graph.release();
});
