/** What the tests of the trainer compare with and refuse. Runs in Node. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '#core/gemma3/config.ts';
import { packageGraphs } from '#core/gemma3/package-graphs.ts';
import { planGraph } from '#core/gemma3/write-graph.ts';
import { greyscalePng } from '#core/image/png.ts';
import { textIds, type TrainingRow } from '#core/lora/training/batch.ts';
import { initialParameters, loraLayout } from '#core/lora/training/parameters.ts';
import { LoraTrainer, measureRows } from '#core/lora/training/trainer.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import type { WishedAnswer } from '#core/protocol/trainer.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { decodeImageInNode } from '../../../cli/shared/runtime/decode-image.ts';
import { nodeBackend } from '../../../cli/shared/runtime/node-backend.ts';
import { readPixelValues } from '../../../workers/engine/image/pixels.ts';
import { readParts } from '../../../workers/engine/opened.ts';
import { encodeRow, imagesOf } from '../../../workers/engine/training/encode-rows.ts';
import { ImageFeatures } from '../../../workers/engine/training/image-features.ts';
import { openTraining, trainingModels } from '../../../workers/engine/training/open-training.ts';
import { embedTokens } from '../../../workers/engine/training/token-table.ts';
import { readJson } from '../../reference/json.ts';
import { graphsOnly, lora, rows, settings, type ExpectedTraining } from './rows.ts';

/** Steps that are compared. */
const STEPS = 6;

/** @param chat folder of the package that is trained */
export async function writeTrainerPackages(folder: string, chat: string): Promise<void> {
  await writeFile(join(folder, 'training.json'), JSON.stringify(await trainInNode(chat)));
  await writeGraphsOnly(join(folder, 'medgemma-graphs'), chat);
}

async function trainInNode(folder: string): Promise<ExpectedTraining> {
  const parts = await readParts(await FolderReader.open(folder, { wanted: 'package', recursive: true }));
  const { pack, chat } = parts;
  const backend = nodeBackend();
  const images = await ImageFeatures.open(backend, parts);
  const encoded = async ({ image, ...texts }: WishedAnswer): Promise<TrainingRow> => {
    const row = encodeRow(chat, texts, image !== undefined);
    if (image?.type !== 'phantom') return { ...row, images: [] };
    const png = new Blob([greyscalePng(renderPhantom(drawPhantom(image.seed)), SIDE, SIDE)]);
    const features = await images.of(image.seed, (as) => readPixelValues(png, '', as, decodeImageInNode));
    return { ...row, images: imagesOf(row, features) };
  };
  const all = async (of: readonly WishedAnswer[]) => {
    const found: TrainingRow[] = [];
    for (const each of of) found.push(await encoded(each));
    return found;
  };
  const [trained, heldOut] = [await all(rows.trained), await all(rows.heldOut)];
  await images.release();
  const embeddings = await embedTokens(backend, pack, [...trained, ...heldOut].flatMap(textIds));
  const layout = loraLayout(pack.config.text, lora);
  const sessions = await openTraining(backend, pack, await trainingModels(pack, layout, 256), true);
  const start = initialParameters(layout, settings.seed);
  const trainer = new LoraTrainer(sessions.train, embeddings, trained, start, settings);
  const losses: number[] = [];
  while (trainer.steps < STEPS) losses.push((await trainer.step()).loss);
  const { loss } = await measureRows(sessions.measure, embeddings, trainer.parameters, heldOut, settings.tokensAtOnce);
  await sessions.release();
  return { losses, heldOut: loss };
}

/** Graphs of MedGemma's shape without weights: what is too large must be refused before any are asked for. */
async function writeGraphsOnly(out: string, chat: string): Promise<void> {
  await mkdir(join(out, 'onnx'), { recursive: true });
  for (const file of graphsOnly) if (!file.startsWith('onnx/')) await cp(join(chat, file), join(out, file));
  const json = presetConfig('medgemma-4b');
  const config = parseConfig(json);
  await writeFile(join(out, 'config.json'), JSON.stringify(json));
  const side = config.vision?.imageSize;
  const preprocessor = await readJson(out, 'preprocessor_config.json');
  await writeFile(
    join(out, 'preprocessor_config.json'),
    JSON.stringify({ ...preprocessor, size: { height: side, width: side } }),
  );
  const options = { dtype: 'q4', visionDtype: 'q8', blockSize: 32, positions: 4096 } as const;
  for (const { modelFile, proto } of packageGraphs(config, options).map(planGraph))
    await writeFile(join(out, 'onnx', modelFile), proto);
  for (const file of graphsOnly) await readFile(join(out, file));
}
