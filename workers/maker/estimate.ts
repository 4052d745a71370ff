/** How long making a package would take, from rates that are measured on this machine now. */
import { DTYPE_BYTES } from '#core/safetensors/header.ts';
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { quantizedWeights, type PlannedPackage } from '#core/export/plan.ts';
import type { CheckpointTensor } from '#core/gemma3/checkpoint.ts';
import { Sha256 } from '#core/hash/sha256.ts';
import type { MakeOptions } from '#core/protocol/maker.ts';
import { quantizeRows } from '#core/quant/blocks.ts';
import { BLOCK_SIZE } from './open-plan.ts';

/** Pieces of weights that are read at once, as many as later, after a small one that opens the connection. */
const PIECES = 6;
const PIECE_BYTES = 2 * 2 ** 20;
const FIRST_BYTES = 2 ** 16;
/** Numbers that are decoded, quantized and hashed. Each is done twice, since the first run compiles. */
const SAMPLE = 2 ** 18;
const SAMPLE_COLUMNS = 2 ** 9;

/** Seconds for the whole package: of reading the weights, of what is computed meanwhile, and of both together. */
export interface Seconds {
  read: number;
  compute: number;
  all: number;
}

/** @throws as the reads */
export async function estimate(plan: PlannedPackage, options: MakeOptions, workers: number): Promise<Seconds> {
  const tensors = [...plan.checkpoint.tensors.values()];
  const readBytes = tensors.reduce((sum, { entry }) => sum + entry.end - entry.begin, 0);
  const largest = tensors.reduce((a, b) => (b.entry.end - b.entry.begin > a.entry.end - a.entry.begin ? b : a));
  const read = readBytes * (await secondsPerByte(largest));

  const numbers = Float32Array.from({ length: SAMPLE }, (_, at) => Math.sin(at));
  const bits = options.dtype === 'q8' ? 8 : options.dtype === 'q2' ? 2 : 4;
  const format = { bits, blockSize: BLOCK_SIZE, scaleType: 'fp16' } as const;
  const perWeight = secondsOf(() => quantizeRows(numbers, SAMPLE_COLUMNS, format, options.method)) / SAMPLE;
  const halves = new Uint8Array(SAMPLE * DTYPE_BYTES.BF16);
  const perNumber = secondsOf(() => decodeFloats(halves, 'BF16')) / SAMPLE;
  const perByte = secondsOf(() => new Sha256().update(new Uint8Array(numbers.buffer))) / numbers.byteLength;

  const decode = (readBytes / DTYPE_BYTES[largest.entry.dtype]) * perNumber;
  const hash = plan.externalBytes * perByte;
  const compute = (quantizedWeights(plan) * perWeight + decode + hash) / workers;
  // They go on beside each other, but reading takes processor time too, from the same cores.
  return { read, compute, all: Math.max(read, compute) + Math.min(read, compute) / workers };
}

async function secondsPerByte({ source, entry }: CheckpointTensor): Promise<number> {
  await source.read(entry.begin, Math.min(FIRST_BYTES, entry.end - entry.begin));
  const begin = performance.now();
  let bytes = 0;
  const reads: Promise<unknown>[] = [];
  for (let at = entry.begin; at < entry.end && reads.length < PIECES; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, entry.end - at);
    bytes += length;
    reads.push(source.read(at, length));
  }
  await Promise.all(reads);
  return (performance.now() - begin) / 1000 / bytes;
}

function secondsOf(work: () => void): number {
  let seconds = 0;
  for (let run = 0; run < 2; run++) {
    const begin = performance.now();
    work();
    seconds = (performance.now() - begin) / 1000;
  }
  return seconds;
}
