/**
 * How well the tasks of the training lab are learnt: exact match on unseen phantoms before and while an adapter trains, and processor time. The
 * settings are the lab's own unless others are named.
 *
 *     npx tsx bench/training-tasks.ts [--tasks LIST] [--languages LIST] [--seeds LIST] [--every STEPS] [--threads N] [--rate R] …
 */
import { Command } from 'commander';
import { greyscalePng } from '#core/image/png.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import { initialParameters, loraLayout } from '#core/lora/training/parameters.ts';
import { TASK_SETTINGS } from '#core/lora/training/task-settings.ts';
import { drawTask, PHANTOM_TASKS } from '#core/lora/training/tasks.ts';
import { DivergedError, LoraTrainer, measureRows, type Measure } from '#core/lora/training/trainer.ts';
import type { WishedAnswer } from '#core/lora/training/wished-answer.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { LANGUAGES } from '#core/phantoms/question.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { FolderReader } from '../cli/shared/folder-reader.ts';
import { decodeImageInNode } from '../cli/shared/runtime/decode-image.ts';
import { nodeBackend } from '../cli/shared/runtime/node-backend.ts';
import { readPixelValues } from '../workers/engine/image/pixels.ts';
import { readParts } from '../workers/engine/opened.ts';
import { encodeRow, imagesOf } from '../workers/engine/training/encode-rows.ts';
import { ImageFeatures } from '../workers/engine/training/image-features.ts';
import { openTraining, trainingModels } from '../workers/engine/training/open-training.ts';
import { TokenTable } from '../workers/engine/training/token-table.ts';
import { machine } from './machine.ts';

const list = (text: string) => text.split(',');
const flags = new Command('training-tasks')
  .option('--package <folder>', 'of the teaching model', 'public/models/teaching-ko-q4')
  .option('--tasks <list>', 'by commas', list, [...PHANTOM_TASKS])
  .option('--languages <list>', 'by commas', list, [...LANGUAGES])
  .option('--seeds <list>', 'of rows, A and order', (text) => list(text).map(Number), [0, 1, 2])
  .option('--every <steps>', 'between two measurements', Number, 20)
  .option('--threads <n>', 'of the runtime', Number, 1)
  .option('--steps <n>', 'instead of the lab’s', Number)
  .option('--rate <r>', 'instead of the lab’s', Number)
  .option('--batch <rows>', 'instead of the lab’s', Number)
  .option('--warmup <steps>', 'instead of the lab’s', Number)
  .option('--rank <r>', 'instead of the lab’s', Number)
  .option('--targets <list>', 'instead of the lab’s', list)
  .option('--rows <n>', 'trained, instead of the lab’s', Number)
  .option('--clip <norm>', 'instead of the lab’s', Number)
  .option('--losses', 'print the loss of each step', false)
  .parse()
  .opts<{
    package: string;
    tasks: string[];
    languages: string[];
    seeds: number[];
    every: number;
    threads: number;
    steps?: number;
    rate?: number;
    batch?: number;
    warmup?: number;
    rank?: number;
    targets?: string[];
    rows?: number;
    clip?: number;
    losses: boolean;
  }>();

const backend = nodeBackend({ threads: flags.threads });
const parts = await readParts(await FolderReader.open(flags.package, { wanted: 'package', recursive: true }));
const encoder = await ImageFeatures.open(backend, parts);
console.log((await machine()).join('\n'));
console.log(
  '\n| task | language | seed | exact match of unseen phantoms | of trained rows | seconds a step | processor seconds a step |',
);
console.log('| --- | --- | ---: | --- | ---: | ---: | ---: |');
for (const task of PHANTOM_TASKS.filter((each) => flags.tasks.includes(each)))
  for (const language of LANGUAGES.filter((each) => flags.languages.includes(each)))
    for (const seed of flags.seeds) console.log(await learn(task, language, seed));
process.exit(0);

async function learn(
  task: (typeof PHANTOM_TASKS)[number],
  language: (typeof LANGUAGES)[number],
  seed: number,
): Promise<string> {
  const of = TASK_SETTINGS[task];
  const targets = flags.targets ? PROJECTIONS.filter((target) => flags.targets?.includes(target)) : of.lora.targets;
  const rank = flags.rank ?? of.lora.rank;
  const layout = loraLayout(parts.pack.config.text, { rank, alpha: 2 * rank, targets });
  const settings = {
    ...of.training,
    seed,
    steps: flags.steps ?? of.training.steps,
    rate: flags.rate ?? of.training.rate,
    batchRows: flags.batch ?? of.training.batchRows,
    warmupSteps: flags.warmup ?? of.training.warmupSteps,
    clip: flags.clip ?? of.training.clip,
  };
  const drawn = drawTask(task, language, { seed, ...of.rows, trained: flags.rows ?? of.rows.trained });
  const [trained, heldOut] = [await encoded(drawn.trained), await encoded(drawn.heldOut)];
  const rows = [...trained, ...heldOut];
  const embeddings = await TokenTable.open(backend, parts.pack);
  await embeddings.add(rows.flatMap(({ ids, mask }) => ids.filter((_, at) => mask[at] === 1)));
  const longest = Math.max(...rows.map(({ ids }) => ids.length));
  const models = await trainingModels(parts.pack, layout, longest);
  const sessions = await openTraining(backend, parts.pack, models, true);
  const trainer = new LoraTrainer(sessions.train, embeddings, trained, initialParameters(layout, seed), settings);
  const measured = (of: readonly TrainingRow[]) =>
    measureRows(sessions.measure, embeddings, trainer.parameters, of, settings.tokensAtOnce);
  const shown = ({ exact, rows }: Measure) => `${((100 * exact) / rows).toFixed(0)} %`;
  const curve = [`0: ${shown(await measured(heldOut))}`];
  const losses: string[] = [];
  let [seconds, processor] = [0, 0];
  try {
    while (trainer.steps < settings.steps) {
      const [begin, cpu] = [performance.now(), process.cpuUsage()];
      const { loss } = await trainer.step();
      const { user, system } = process.cpuUsage(cpu);
      seconds += (performance.now() - begin) / 1000;
      processor += (user + system) / 1e6;
      losses.push(loss.toFixed(2));
      if (trainer.steps % flags.every === 0 || trainer.steps === settings.steps)
        curve.push(`${trainer.steps}: ${shown(await measured(heldOut))}`);
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    curve.push(`diverged at step ${error.step}`);
  }
  const known = shown(await measured(trained.slice(0, 100)));
  await sessions.release();
  await embeddings.release();
  if (flags.losses) console.log(losses.join(' '));
  const perStep = [seconds, processor].map((each) => (each / trainer.steps).toFixed(2));
  return `| ${task} | ${language} | ${seed} | ${curve.join(', ')} | ${known} | ${perStep.join(' | ')} |`;
}

async function encoded(rows: readonly WishedAnswer[]): Promise<TrainingRow[]> {
  const all: TrainingRow[] = [];
  for (const row of rows) {
    if (row.image?.type !== 'phantom') throw new TypeError('a row without a phantom');
    const text = encodeRow(parts.chat, row, true);
    all.push({ ...text, images: imagesOf(text, await featuresOf(row.image.seed)) });
  }
  return all;
}

function featuresOf(seed: number): Promise<Float32Array> {
  return encoder.of(seed, (preprocessor) => {
    const png = greyscalePng(renderPhantom(drawPhantom(seed)), SIDE, SIDE);
    return readPixelValues(new Blob([png]), 'phantom', preprocessor, decodeImageInNode);
  });
}
