/** Loss, gradients and trained adapter against PyTorch and PEFT, on the CPU. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { trainingGraph, TRAINING_INPUTS, TRAINING_OUTPUTS } from '#core/gemma3/training-graph.ts';
import { feedsOf, type TokenEmbeddings, type TrainingRow } from '#core/lora/training/batch.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import { LoraTrainer } from '#core/lora/training/trainer.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { nodeBackend } from '../../../cli/shared/runtime/node-backend.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import { embedTokens } from '../../../workers/engine/training/token-table.ts';
import { openGraph, type RunnableGraph } from '../../../workers/engine/training/graph-session.ts';
import { maxDifference } from '../../reference/golden.ts';
import { exportFixture, fileSource, fixture, golden, temporaryFolder } from '../../reference/node.ts';
import {
  oneImageRow,
  readTrainingCase,
  referenceSettings,
  relativeError,
  type TrainingCase,
} from '../../reference/training-case.ts';

const folder = temporaryFolder();
const reference = join(fixture, '../gemma3-tiny-training');
const json = JSON.parse(readFileSync(join(reference, 'case.json'), 'utf8'));
let expected: TrainingCase;
let row: TrainingRow;
let graph: RunnableGraph;
let embeddings: TokenEmbeddings;

beforeAll(async () => {
  await exportFixture(folder.path, 'fp32');
  const pack = await readPackage(await FolderReader.open(folder.path, { wanted: 'package', recursive: true }));
  expected = await readTrainingCase(json, fileSource(join(reference, 'expected.safetensors')), pack.config);
  const { layout } = expected;
  const model = trainingGraph(await pack.decoder.read(), pack.config.text, {
    layout,
    positions: 32,
    withGradients: true,
  });
  graph = await openGraph(nodeBackend(), pack, pack.decoder, model);
  row = oneImageRow(await golden(), json, pack.config.text.hiddenSize);
  embeddings = await embedTokens(nodeBackend(), pack, row.ids);
});
afterAll(async () => {
  await graph.release();
  folder.remove();
});

const run = async (rows: TrainingRow[], scale: number, parameters = expected.start) =>
  graph.run({
    ...feedsOf(rows, embeddings, scale),
    [TRAINING_INPUTS.parameters]: { type: 'float32', data: parameters, dims: [parameters.length] },
  });

it('the loss and its gradient by every A and B', async () => {
  const results = await run([row], 1 / row.answers.length);
  expect(Math.abs((floatsOf(results, TRAINING_OUTPUTS.loss)[0] ?? NaN) - (expected.losses[0] ?? NaN))).toBeLessThan(
    1e-5,
  );
  const gradients = floatsOf(results, TRAINING_OUTPUTS.gradients);
  for (const { layer, target, part, shape, offset } of expected.layout.matrices) {
    const own = (vector: Float32Array) => vector.subarray(offset, offset + shape[0] * shape[1]);
    const error = relativeError(own(gradients), own(expected.gradient));
    expect(error, `${layer} ${target} ${part}`).toBeLessThan(1e-4);
  }
});

it('the losses of 20 steps, and the adapter after them', async () => {
  const trainer = new LoraTrainer(graph.run, embeddings, [row], expected.start, referenceSettings);
  const losses = [];
  for (let step = 0; step < 20; step++) losses.push((await trainer.step()).loss);
  expect(maxDifference(losses, expected.losses.slice(0, 20))).toBeLessThan(1e-4);
  expect(maxDifference(trainer.parameters, expected.after20)).toBeLessThan(1e-3);
  expect(relativeError(trainer.parameters, expected.after20)).toBeLessThan(1e-3);
});
