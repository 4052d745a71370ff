/**
 * Seconds of a training step: our graph in Node on packages of the teaching model, and PyTorch with PEFT on the checkpoint that they are made
 * of, in turns, on the same rows (patient's side, with an image each). Without Python with PyTorch only ours is measured.
 *
 *     PYTHON=.venv/bin/python npx tsx bench/lora-training.ts [--rounds N] [--rows N] [--targets LIST] [--tokens-at-once LIST] [--threads N]
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { trainingGraph } from '#core/gemma3/training-graph.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { answerTokens, textIds, type TrainingRow } from '#core/lora/training/batch.ts';
import { initialParameters, loraLayout } from '#core/lora/training/parameters.ts';
import { LoraTrainer } from '#core/lora/training/trainer.ts';
import { drawExample } from '#core/phantoms/examples.ts';
import { Random } from '#core/sampling/random.ts';
import { FolderReader } from '../cli/shared/folder-reader.ts';
import { nodeBackend } from '../cli/shared/runtime/node-backend.ts';
import { encodeRow, imagesOf } from '../workers/engine/training/encode-rows.ts';
import { embedTokens } from '../workers/engine/training/token-table.ts';
import { openGraph } from '../workers/engine/training/graph-session.ts';
import { readParts } from '../workers/engine/opened.ts';
import { openBrowser } from './browser.ts';
import { machine } from './machine.ts';
import { spread } from './report.ts';
import { serve } from './server.ts';
import { workerTime } from './worker-time.ts';

const list = (text: string) => text.split(',');
const flags = new Command('lora-training')
  .option('--packages <folders>', 'by commas', list, ['public/models/teaching-ko-q4'])
  .option('--page', 'also the first package in Chromium, on the CPU provider and one thread', false)
  .option('--checkpoint <folder>', 'for PyTorch', 'public/models/teaching-ko-fp16')
  .option('--rounds <n>', 'rounds of all', Number, 5)
  .option('--steps <n>', 'steps of a round', Number, 4)
  .option('--rows <n>', 'rows of a step', Number, 24)
  .option('--rank <r>', 'of the adapter', Number, 8)
  .option('--targets <list>', 'projections', list, ['q_proj', 'v_proj', 'o_proj'])
  .option(
    '--threads <n>',
    'of each; one where the machine is busy: waiting threads count as work',
    Number,
    availableParallelism(),
  )
  .option('--tokens-at-once <list>', 'tokens of a run of ours', (text) => list(text).map(Number), [2048])
  .parse()
  .opts<{
    packages: string[];
    checkpoint: string;
    rounds: number;
    steps: number;
    rows: number;
    rank: number;
    targets: string[];
    tokensAtOnce: number[];
    threads: number;
    page: boolean;
  }>();
const { rank, rounds, steps, threads } = flags;
const alpha = 2 * rank;
const targets = PROJECTIONS.filter((target) => flags.targets.includes(target));

interface Seconds {
  seconds: number;
  processor: number;
}
type Step = () => Promise<Seconds>;

const ways = new Map<string, Step>();
let batches: TrainingRow[][] = [];
for (const folder of flags.packages) {
  const parts = await readParts(await FolderReader.open(folder, { wanted: 'package', recursive: true }));
  const { pack, chat } = parts;
  const { text, vision } = pack.config;
  const random = Random.fromSeed(1);
  const features = Float32Array.from(
    { length: (vision?.tokensPerImage ?? 0) * text.hiddenSize },
    () => random.uniform() - 0.5,
  );
  const rows = Array.from({ length: steps * flags.rows }, (_, index) => {
    const { pairs } = drawExample('train', 0, Math.floor(index / 4), 2, 'patient-side');
    const pair = pairs[index % 4];
    if (!pair) throw new Error('four questions a phantom');
    const text = encodeRow(chat, pair, true);
    return { ...text, images: imagesOf(text, features) };
  });
  batches = Array.from({ length: steps }, (_, step) => rows.slice(step * flags.rows, (step + 1) * flags.rows));
  const backend = nodeBackend({ threads });
  const layout = loraLayout(text, { rank, alpha, targets });
  const embeddings = await embedTokens(backend, pack, rows.flatMap(textIds));
  const model = trainingGraph(await pack.decoder.read(), text, { layout, positions: 256, withGradients: true });
  const graph = await openGraph(backend, pack, pack.decoder, model);
  for (const tokensAtOnce of flags.tokensAtOnce) {
    const trainers = batches.map(
      (batch) =>
        new LoraTrainer(graph.run, embeddings, batch, initialParameters(layout, 0), {
          ...{
            steps: 1000,
            rate: 1e-3,
            warmupSteps: 0,
            final: 1,
            batchRows: flags.rows,
            tokensAtOnce,
            clip: 1,
            seed: 0,
          },
          ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
        }),
    );
    ways.set(`Node, ${folder.split('/').at(-1)}, ${tokensAtOnce} tokens at once`, async () => {
      const [begin, cpu] = [performance.now(), process.cpuUsage()];
      for (const trainer of trainers) await trainer.step();
      const { user, system } = process.cpuUsage(cpu);
      return { seconds: (performance.now() - begin) / 1000 / steps, processor: (user + system) / 1e6 / steps };
    });
  }
}
const browser = flags.page ? await startBrowser() : undefined;
const python = await startPython();
for (const parts of python ? [1, 3] : [])
  ways.set(`PyTorch, ${parts} parts`, () => python?.(parts) ?? Promise.reject(new Error()));

console.log((await machine()).join('\n'));
const tokens = batches.flat().reduce((sum, { ids }) => sum + ids.length, 0) / steps;
console.log(
  `${flags.rows} rows a step: ${tokens.toFixed(0)} tokens, ${(answerTokens(batches.flat()) / steps).toFixed(0)} of answers; rank ${rank} on ${targets.join(', ')}; ${threads} threads`,
);
const measured = new Map<string, Seconds[]>([...ways.keys()].map((name) => [name, []]));
for (const step of ways.values()) await step();
for (let round = 0; round < rounds; round++) for (const [name, step] of ways) measured.get(name)?.push(await step());
// The page's step is the first of the batches; with --steps 1 all do the same.
const fastest = (names: string[], at: number, of: keyof Seconds) =>
  Math.min(...names.map((name) => measured.get(name)?.[at]?.[of] ?? Infinity));
const ofPython = [...ways.keys()].filter((name) => name.startsWith('PyTorch'));
console.log('\n| step | seconds | ÷ PyTorch of the round | processor seconds | ÷ PyTorch of the round |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [name, all] of measured) {
  const cells = (['seconds', 'processor'] as const).flatMap((of) => [
    spread(
      all.map((each) => each[of]),
      3,
    ),
    python
      ? spread(
          all.map((each, at) => each[of] / fastest(ofPython, at, of)),
          2,
        )
      : '–',
  ]);
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
await browser?.close();
process.exit(0);

/** Adds the way of the page. */
async function startBrowser(): Promise<{ close(): Promise<void> }> {
  const [folder = ''] = flags.packages;
  const [rows = []] = batches;
  const served = await serve(resolve(folder));
  const { page, profile, close } = await openBrowser(served.url, 'no');
  await page.evaluate((request) => window.bench.training.open(request), {
    ...{ url: `${served.url}package/`, provider: 'wasm' as const, rank, targets: [...targets] },
    tokensAtOnce: flags.tokensAtOnce[0] ?? 2048,
    features: Array.from(rows[0]?.images[0]?.features ?? []),
    rows: rows.map(({ ids, mask, answers, images }) => ({
      ...{ ids: [...ids], mask: [...mask], answers: [...answers], imageAt: images[0]?.start ?? 0 },
    })),
  });
  ways.set(`page, ${folder.split('/').at(-1)}, one thread`, async () => {
    const cpu = await workerTime(profile);
    const seconds = await page.evaluate(() => window.bench.training.step());
    return { seconds, processor: ((await workerTime(profile)) - cpu) / 1000 };
  });
  return {
    close: async () => {
      await close();
      await served.close();
    },
  };
}

/** Undefined where there is no Python with PyTorch. @returns a function of the number of parts of a batch */
async function startPython(): Promise<((parts: number) => Promise<Seconds>) | undefined> {
  const program = process.env['PYTHON'] ?? 'python3';
  const child = spawn(program, [fileURLToPath(new URL('lora_step.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const rows = batches.map((batch) =>
    batch.map(({ ids, answers }) => {
      const expected = new Map(answers.map(({ position, id }) => [position + 1, id]));
      const whole = [...ids, answers.at(-1)?.id ?? 0];
      return { ids: whole, answers: whole.map((_, at) => expected.get(at) ?? -100) };
    }),
  );
  child.stdin.on('error', () => undefined);
  child.stdin.write(
    `${JSON.stringify({ checkpoint: flags.checkpoint, rank, alpha, targets, threads, batches: rows })}\n`,
  );
  const ready = await lines.next();
  if (ready.value !== 'ready') {
    console.log(`no PyTorch: ${program} did not start; PYTHON may name one`);
    return undefined;
  }
  return async (parts) => {
    child.stdin.write(`${parts}\n`);
    const { value } = await lines.next();
    const answer: Seconds = JSON.parse(value ?? 'null');
    return answer;
  };
}
