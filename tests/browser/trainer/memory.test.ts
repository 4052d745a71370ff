/** What is said that a training takes in a tab, against what WebAssembly's memory grows by. */
import { expect, test } from 'vitest';
import { pageTrainingBytes } from '#core/budget/page-training.ts';
import { initialParameters, loraLayout } from '#core/lora/training/parameters.ts';
import { LoraTrainer, measureRows } from '#core/lora/training/trainer.ts';
import { initializerBytes } from '../../../workers/engine/model/weight-bytes.ts';
import { readParts } from '../../../workers/engine/opened.ts';
import { encodeRow } from '../../../workers/engine/training/encode-rows.ts';
import { openTraining, trainingModels } from '../../../workers/engine/training/open-training.ts';
import { embeddingModel, TokenTable } from '../../../workers/engine/training/token-table.ts';
import { openPackage } from '../../../workers/store/package.ts';
import { backendOf, packageFiles } from '../engine/model.ts';
import { lora, settings } from './rows.ts';

test('a run of 4,096 tokens takes at least as much, and not twice as much', async () => {
  const tokens = 4096;
  const parts = await readParts(await openPackage(await packageFiles('chat')));
  const { pack, chat } = parts;
  const backend = await backendOf('wasm');
  const before = backend.runtime.wasmBytes() ?? NaN;
  const text = encodeRow(chat, { question: 'x'.repeat(400), answer: 'y'.repeat(100) }, false);
  const longest = text.ids.length;
  const rows = Array.from({ length: Math.floor(tokens / longest) }, () => ({ ...text, images: [] }));
  const layout = loraLayout(pack.config.text, lora);
  const models = await trainingModels(pack, layout, longest);
  const planned = pageTrainingBytes({
    config: pack.config,
    weights: {
      training: initializerBytes(models.training),
      measuring: initializerBytes(models.measuring),
      embedding: initializerBytes(await embeddingModel(pack)),
      vision: 0,
    },
    ...{ tokens: rows.length * longest, longest, answers: rows.length * text.answers.length },
  });
  const table = await TokenTable.open(backend, pack);
  await table.add(text.ids);
  const sessions = await openTraining(backend, pack, models, true);
  const start = initialParameters(layout, 0);
  const run = { ...settings, tokensAtOnce: tokens, batchRows: rows.length };
  const trainer = new LoraTrainer(sessions.train, table, rows, start, run);
  await trainer.step();
  await trainer.step();
  await measureRows(sessions.measure, table, start, rows, tokens);
  const grown = (backend.runtime.wasmBytes() ?? NaN) - before;
  console.log(`planned ${planned}, grown by ${grown}`);
  await sessions.release();
  await table.release();
  expect(grown).toBeGreaterThan(planned);
  expect(grown).toBeLessThan(2 * planned);
});
