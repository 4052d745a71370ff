/**
 * Measures the quality loss of quantization formats and methods on a checkpoint:
 * `tsx bench/quant-quality.ts --checkpoint DIR [--cases DIR] [--phantoms 40]`.
 *
 * Weights: signal-to-noise ratio in dB with fp32 and fp16 scales, averaged over the decoder's matrices and the embedding. Model:
 * packages with fp32 vision and the decoder in fp32, and at 8, 4 and 2 bits by each method and type of scales, run in Node on the
 * same tokens; reports KL divergence of the next token and how often the top token changes. The tokens are questions about phantoms with their right answers
 * (only logits of the answers count), or with --cases those of the fixture (all logits count). `q4f16` on the CPU shows what the float16 cache costs and not what float16 products do, since casts between nodes are dropped.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { matrixRows, matrixShape } from '#core/gemma3/matrix-rows.ts';
import type { Checkpoint } from '#core/export/checkpoint.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { FloatType } from '#core/gemma3/stored.ts';
import { Distances } from '#core/quant/compare.ts';
import { dequantize, quantize } from '#core/quant/matrix.ts';
import { measure } from '#core/quant/measures.ts';
import { QUANT_METHODS, type BlockSize, type QuantMethod, type QuantSettings } from '#core/quant/settings.ts';
import { openCheckpoint } from '../cli/export/checkpoint.ts';
import { exportPackage } from '../cli/export/export-package.ts';
import { machine } from './machine.ts';
import { caseRows, phantomRows } from './quant-prompts.ts';

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number.');
  return value;
}

const flags = new Command('quant-quality')
  .description('Measures what quantization costs the weights and the predictions of a checkpoint.')
  .requiredOption('--checkpoint <folder>', 'config.json, safetensors, tokenizer')
  .option('--cases <folder>', 'cases.json and expected.safetensors of the fixture, in place of phantoms')
  .option('--dtypes <list>', 'packages of the second table', (text) => text.split(','), ['q4', 'q4f16', 'q8', 'q2'])
  .option('--phantoms <n>', 'phantoms that are asked about', count, 40)
  .option(
    '--blocks <sizes>',
    'block sizes of the first table',
    (text) => text.split(',').flatMap((size) => (size === '' ? [] : [count(size)])),
    [32, 128],
  )
  .parse()
  .opts<{ checkpoint: string; cases?: string; phantoms: number; blocks: BlockSize[]; dtypes: string[] }>();

for (const line of await machine()) console.log(line);
console.log(`checkpoint: ${basename(resolve(flags.checkpoint))}\n`);
const checkpoint = await openCheckpoint(flags.checkpoint);
try {
  if (flags.blocks.length > 0) await weights(checkpoint);
} finally {
  await checkpoint.close();
}
await model();

async function weights({ tensors }: Checkpoint): Promise<void> {
  const matrices: { values: Float32Array; columns: number }[] = [];
  for (const [name, tensor] of tensors) {
    if (tensor.entry.shape.length !== 2 || !name.startsWith('model.')) continue;
    const { rows, columns } = matrixShape(tensor.entry.shape);
    const values = new Float32Array(rows * columns);
    let done = 0;
    for await (const piece of matrixRows(tensor, false)) {
      values.set(piece, done);
      done += piece.length;
    }
    matrices.push({ values, columns });
  }
  console.log(`${matrices.length} matrices, ${matrices.reduce((sum, { values }) => sum + values.length, 0)} weights\n`);
  console.log(
    '| format | zero points | block | bits a weight | round, dB | search, dB | gain | fp32 scales: bits | search, dB |',
  );
  console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const blockSize of flags.blocks)
    for (const format of ['q2', 'q3', 'q4', 'nf4', 'q8'] as const)
      for (const symmetric of [true, false]) {
        if (format === 'nf4' && !symmetric) continue;
        const found = QUANT_METHODS.map((method) => snr(matrices, { format, symmetric, blockSize, method }));
        const [round, search] = found;
        if (!round || !search) continue;
        const wide = snr(matrices, { format, symmetric, blockSize, method: 'search' }, 'fp32');
        const figures = [round.bits.toFixed(3), round.snr.toFixed(2), search.snr.toFixed(2)];
        const gain = (search.snr - round.snr).toFixed(2);
        const beside = [wide.bits.toFixed(3), wide.snr.toFixed(2)];
        console.log(`| ${[format, symmetric ? 'no' : 'yes', blockSize, ...figures, gain, ...beside].join(' | ')} |`);
      }
}

function snr(
  matrices: readonly { values: Float32Array; columns: number }[],
  settings: QuantSettings,
  scaleType: FloatType = 'fp16',
) {
  let decibels = 0;
  let bytes = 0;
  let weights = 0;
  for (const { values, columns } of matrices) {
    const made = quantize(values, columns, settings, { scaleType });
    const found = measure(values, dequantize(made), made);
    decibels += found.snrDecibels;
    bytes += found.bytes;
    weights += values.length;
  }
  return { snr: decibels / matrices.length, bits: (8 * bytes) / weights };
}

async function model(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quant-quality-'));
  try {
    const rowsOf = async (dtype: Dtype, method: QuantMethod, variant: Dtype, scales: FloatType) => {
      const out = join(folder, `${dtype}-${variant}-${method}-${scales}`);
      await exportPackage(
        {
          ...{
            checkpoint: flags.checkpoint,
            out,
            dtype,
            visionDtype: 'fp32',
            blockSize: 32,
            context: 512,
            method,
            scales,
          },
          ...{ name: dtype, randomWeights: true, notice: '' },
        },
        { note() {}, warn() {}, progress: () => ({ add() {}, stop() {} }) },
      );
      await putFirst(out, variant);
      return flags.cases === undefined ? phantomRows(out, flags.phantoms) : caseRows(out, variant, flags.cases);
    };
    const reference = await rowsOf('fp32', 'round', 'fp32', 'fp16');
    console.log(`\n${reference.length} prompts, ${reference.flat().length} tokens, against fp32`);
    console.log('\n| block 32 | KL, nats | most | top token changed | prompts where search has less KL |');
    console.log('| --- | ---: | ---: | ---: | ---: |');
    const kinds = [
      { dtype: 'q4', scales: 'fp32' },
      { dtype: 'q4', scales: 'fp16' },
      { dtype: 'q4f16', scales: 'fp16' },
      { dtype: 'q8', scales: 'fp32' },
      { dtype: 'q8', scales: 'fp16' },
      { dtype: 'q2', scales: 'fp32' },
      { dtype: 'q2', scales: 'fp16' },
    ] as const;
    for (const { dtype, scales } of kinds.filter((kind) => flags.dtypes.includes(kind.dtype))) {
      let round: readonly number[] = [];
      for (const method of QUANT_METHODS) {
        const { all, each } = distances(reference, await rowsOf(dtype, method, dtype, scales));
        const { kl, klMost, flips, tokens } = all;
        const better = method === 'round' ? '' : compare(round, each);
        round = each;
        const share = `${flips} of ${tokens} (${((100 * flips) / tokens).toFixed(2)} %)`;
        console.log(
          `| ${dtype}, ${scales} scales, ${method} | ${kl.toPrecision(4)} | ${klMost.toPrecision(3)} | ${share} | ${better} |`,
        );
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes a variant the first of the manifest, which is the one that readers take. */
async function putFirst(out: string, variant: Dtype): Promise<void> {
  const path = join(out, 'manifest.json');
  const manifest: { variants: { decoder: Dtype }[] } = JSON.parse(await readFile(path, 'utf8'));
  manifest.variants.sort((a, b) => Number(b.decoder === variant) - Number(a.decoder === variant));
  await writeFile(path, JSON.stringify(manifest));
}

/** Over all tokens, and the mean KL of each prompt. */
function distances(reference: readonly Float32Array[][], found: readonly Float32Array[][]) {
  const all = new Distances();
  const each = reference.map((rows, prompt) => {
    const own = new Distances();
    rows.forEach((row, at) => {
      const other = found[prompt]?.[at];
      if (!other) throw new Error('the packages returned different numbers of tokens');
      all.add(row, other);
      own.add(row, other);
    });
    return own.total?.kl ?? NaN;
  });
  if (!all.total) throw new Error('no tokens');
  return { all: all.total, each };
}

/** Number of prompts with a smaller value in `b`, and the mean difference with its standard error. */
function compare(a: readonly number[], b: readonly number[]): string {
  const differences = a.map((value, i) => (b[i] ?? NaN) - value);
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (differences.length - 1);
  const error = Math.sqrt(variance / differences.length);
  const fewer = differences.filter((value) => value < 0).length;
  return `${fewer} of ${a.length}; ${mean.toExponential(1)} ± ${error.toExponential(1)} a prompt`;
}
