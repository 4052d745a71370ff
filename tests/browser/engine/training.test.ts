/** A LoRA trained in the page: loss, gradients and 20 steps against PyTorch and PEFT; on WebGPU two steps. */
import { expect, test, vi } from 'vitest';
import { trainingGraph, TRAINING_INPUTS, TRAINING_OUTPUTS } from '#core/gemma3/training-graph.ts';
import { feedsOf } from '#core/lora/training/batch.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import { LoraTrainer } from '#core/lora/training/trainer.ts';
import { MemorySource } from '#core/memory-source.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import { embedTokens } from '../../../workers/engine/training/token-table.ts';
import { openGraph } from '../../../workers/engine/training/graph-session.ts';
import { openPackage } from '../../../workers/store/package.ts';
import { maxDifference } from '../../reference/golden.ts';
import { oneImageRow, readTrainingCase, referenceSettings, relativeError } from '../../reference/training-case.ts';
import { backendOf, golden, packageFiles } from './model.ts';
import { provider } from '../provided.ts';

// A software adapter compiles its shaders for half a minute.
vi.setConfig({ testTimeout: 300_000 });
const folder = '/tests/fixtures/gemma3-tiny-training/';

test('the reference run: first loss and gradients, and the steps after them', async () => {
  const json = await (await fetch(`${folder}case.json`)).json();
  const bytes = new Uint8Array(await (await fetch(`${folder}expected.safetensors`)).arrayBuffer());
  const pack = await readPackage(await openPackage(await packageFiles('fp32')));
  const { config } = pack;
  const expected = await readTrainingCase(json, new MemorySource('expected.safetensors', bytes), config);
  const backend = await backendOf(provider);
  const { layout, start } = expected;
  const decoder = await pack.decoder.read();
  const model = trainingGraph(decoder, config.text, { layout, positions: 32, withGradients: true });
  const graph = await openGraph(backend, pack, pack.decoder, model);
  const row = oneImageRow(await golden(), json, config.text.hiddenSize);
  const embeddings = await embedTokens(backend, pack, row.ids);

  const results = await graph.run({
    ...feedsOf([row], embeddings, 1 / row.answers.length),
    [TRAINING_INPUTS.parameters]: { type: 'float32', data: start, dims: [start.length] },
  });
  expect(maxDifference(floatsOf(results, TRAINING_OUTPUTS.loss), expected.losses.slice(0, 1))).toBeLessThan(1e-5);
  expect(relativeError(floatsOf(results, TRAINING_OUTPUTS.gradients), expected.gradient)).toBeLessThan(1e-4);

  const trainer = new LoraTrainer(graph.run, embeddings, [row], start, referenceSettings);
  const steps = provider === 'wasm' ? 20 : 2;
  const losses = [];
  for (let step = 0; step < steps; step++) losses.push((await trainer.step()).loss);
  expect(maxDifference(losses, expected.losses.slice(0, steps))).toBeLessThan(1e-4);
  if (steps === 20) expect(maxDifference(trainer.parameters, expected.after20)).toBeLessThan(1e-3);
  await graph.release();
});
