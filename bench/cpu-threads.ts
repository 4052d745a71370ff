/**
 * What threads gain where there is no GPU: onnxruntime-web's WebAssembly for the CPU on 4-bit products in the shapes of MedGemma 4B, with
 * one thread and with several, in turns, each in a fresh process: `npx tsx bench/cpu-threads.ts [--threads 2] [--rounds 5]`.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import * as ort from 'onnxruntime-web';
import { producer } from '#core/gemma3/stored.ts';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { writeModel } from '#core/onnx/model.ts';

/** Width and inner width of a feed-forward layer of MedGemma 4B. */
const WIDTH = 2560;
const INNER = 10_240;
const BLOCK = 32;
const LAYERS = 2;
/** A decoded token, and a chunk of a prompt. */
const ROWS = [1, 64] as const;
const RUNS = { 1: 12, 64: 3 } as const;

const flags = new Command()
  .option('--threads <count>', 'compared with one', Number, 2)
  .option('--rounds <count>', 'pairs of processes', Number, 5)
  .option('--measure <count>', 'only measures with so many threads, and prints milliseconds', Number)
  .parse()
  .opts<{ threads: number; rounds: number; measure?: number }>();

function graph(): Uint8Array {
  const builder = new GraphBuilder('feed-forward');
  let value = builder.input('x', 'float32', ['rows', WIDTH]);
  for (let layer = 0; layer < LAYERS; layer++) {
    value = product(builder, value, `up.${layer}`, WIDTH, INNER);
    value = product(builder, value, `down.${layer}`, INNER, WIDTH);
  }
  builder.output(builder.node('Identity', [value], { name: 'same', outputs: ['y'] }), 'float32', ['rows', WIDTH]);
  return writeModel(makeModel(builder.build(), producer));
}

function product(builder: GraphBuilder, x: string, name: string, columns: number, rows: number): string {
  const blocks = columns / BLOCK;
  const packed = new Uint8Array((rows * columns) / 2).map((_, index) => (index * 37) & 255);
  const scales = new Float32Array(rows * blocks).fill(0.01);
  return builder.node(
    'MatMulNBits',
    [
      x,
      builder.constant(`${name}.packed`, 'uint8', [rows, blocks, BLOCK / 2], packed),
      builder.constant(`${name}.scales`, 'float32', [rows * blocks], new Uint8Array(scales.buffer)),
    ],
    {
      name,
      domain: 'com.microsoft',
      attributes: {
        K: { int: columns },
        N: { int: rows },
        bits: { int: 4 },
        block_size: { int: BLOCK },
        accuracy_level: { int: 1 },
      },
    },
  );
}

/** Median milliseconds of a run, by rows. */
async function measure(threads: number): Promise<number[]> {
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(graph(), { executionProviders: ['wasm'] });
  const medians: number[] = [];
  for (const rows of ROWS) {
    const x = new ort.Tensor('float32', new Float32Array(rows * WIDTH).fill(0.5), [rows, WIDTH]);
    const times: number[] = [];
    for (let run = 0; run <= RUNS[rows]; run++) {
      const start = performance.now();
      await session.run({ x });
      // The first run is not counted.
      if (run > 0) times.push(performance.now() - start);
    }
    medians.push(median(times));
  }
  return medians;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

if (flags.measure !== undefined) {
  console.log(JSON.stringify(await measure(flags.measure)));
  process.exit(0);
}
console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);
const ratios = ROWS.map((): number[] => []);
const self = fileURLToPath(import.meta.url);
const child = (threads: number) =>
  JSON.parse(
    execFileSync(process.execPath, ['--import', 'tsx', self, '--measure', String(threads)], { encoding: 'utf8' }),
  ) as number[];
for (let round = 0; round < flags.rounds; round++) {
  const [one, several] = [child(1), child(flags.threads)];
  ROWS.forEach((rows, index) => {
    const [a = NaN, b = NaN] = [one[index], several[index]];
    ratios[index]?.push(a / b);
    console.log(`${rows} rows: ${a.toFixed(1)} ms with 1 thread, ${b.toFixed(1)} ms with ${flags.threads}`);
  });
}
ROWS.forEach((rows, index) =>
  console.log(`${rows} rows: ${median(ratios[index] ?? []).toFixed(2)} times as fast, median of ${flags.rounds} pairs`),
);
