/**
 * Measures quantization of a matrix in one thread: `tsx bench/quant-speed.ts [--rows 2560 --columns 10240 --block 32]`.
 * Prints CPU seconds, which depend less on other work on the machine, and the ratio to quantizeRows at 4 bits (packed codes),
 * which runs before each measurement.
 */
import { Command, InvalidArgumentError } from 'commander';
import { quantizeRows } from '#core/quant/blocks.ts';
import { dequantize, quantize } from '#core/quant/matrix.ts';
import { measure } from '#core/quant/measures.ts';
import { errorMap, histogram, medianGrid, outliers } from '#core/quant/pictures.ts';
import { BLOCK_SIZES, QUANT_FORMATS, QUANT_METHODS, type BlockSize, type QuantSettings } from '#core/quant/settings.ts';
import { Random } from '#core/sampling/random.ts';
import { machine } from './machine.ts';
import { spread } from './report.ts';

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive whole number.');
  return value;
}

function block(text: string): BlockSize {
  const size = BLOCK_SIZES.find((one) => one === Number(text));
  if (size === undefined) throw new InvalidArgumentError(`Expected one of ${BLOCK_SIZES.join(', ')}.`);
  return size;
}

const { rows, columns, blockSize, rounds } = new Command('quant-speed')
  .description('Quantizes a matrix of normal weights in every format.')
  .option('--rows <n>', 'of the matrix', positive, 2560)
  .option('--columns <n>', 'of the matrix', positive, 10240)
  .option('--block-size <weights>', 'weights that share a scale', block, 32)
  .option('--rounds <n>', 'after one that warms up', positive, 3)
  .parse()
  .opts<{ rows: number; columns: number; blockSize: BlockSize; rounds: number }>();

for (const line of await machine()) console.log(line);
const random = Random.fromSeed(1);
const values = Float32Array.from({ length: rows * columns }, () => {
  return 0.02 * Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
});
console.log(`${rows} × ${columns}, ${(values.length / 1e6).toFixed(1)} M weights, block ${blockSize}\n`);

function seconds(job: () => void): number {
  const before = process.cpuUsage();
  job();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const baseline = () => void quantizeRows(values, columns, { bits: 4, blockSize, scaleType: 'fp32' });

/** Median (min–max) over the rounds: seconds, and the ratio to the baseline of the same round. */
function row(name: string, job: () => void): void {
  const times: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const base = seconds(baseline);
    const time = seconds(job);
    if (round === 0) continue;
    times.push(time);
    ratios.push(time / base);
  }
  console.log(`| ${name} | ${spread(times, 2)} | ${spread(ratios, 1)} |`);
}

console.log('| | processor seconds | ÷ quantizeRows |\n| --- | ---: | ---: |');
row('quantizeRows, q4', baseline);
for (const method of QUANT_METHODS)
  for (const format of QUANT_FORMATS)
    for (const symmetric of [true, false]) {
      if (!symmetric && (format === 'nf4' || format === 'fp16')) continue;
      if (format === 'fp16' && method === 'search') continue;
      const settings: QuantSettings = { format, symmetric, blockSize, method };
      const kind = format === 'fp16' ? format : `${format} ${method}${symmetric ? '' : ', zero points'}`;
      row(kind, () => void quantize(values, columns, settings));
    }
const settings: QuantSettings = { format: 'q4', symmetric: true, blockSize, method: 'round' };
const quantized = quantize(values, columns, settings);
const back = dequantize(quantized);
row('dequantize', () => void dequantize(quantized));
row('measures', () => void measure(values, back, quantized));
row('histogram, map, outliers, grid', () => {
  histogram(values, back, 128);
  errorMap(values, back, columns, 128);
  outliers(values, back, columns, 12);
  medianGrid(quantized);
});
