/** The stage `expand` of the training kit: which rows train when, and that new rows are those of the exporter. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newRow, ROW_INITS } from '#core/embedding/new-row.ts';
import { isJsonObject } from '#core/json.ts';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { merge } from '../../../cli/korean/merge.ts';
import { TRAINING_DEFAULTS } from '#core/tokenizer/korean/train.ts';
import { train } from '../../../cli/korean/train.ts';
import { writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { collectingIo } from '../cli/run.ts';
import { hasTrainingPython, python } from './python.ts';

const runs = readFileSync(new URL('expand_runs.py', import.meta.url), 'utf8');
const TOKENS = 80;

const name = hasTrainingPython()
  ? 'stage expand'
  : 'stage expand (skipped: no Python with PyTorch; PYTHON may name one)';
describe.skipIf(!hasTrainingPython())(name, () => {
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
  let folder: string;
  const at = (...path: string[]) => join(folder, ...path);
  const json = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(at(...path), 'utf8'));
  const lines = async (...path: string[]): Promise<unknown[]> =>
    (await readFile(at(...path), 'utf8'))
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  let result: unknown;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'expand-test-'));
    for (const split of ['train', 'evaluation'] as const) {
      await writePhantomSet({ out: at(split), split, seed: 0, count: 12, questions: 4 });
    }
    await python([
      '-c',
      `import sys, json
from pathlib import Path
from teaching.data import PhantomSet
from teaching.tokenizer import build_tokenizer
folder = Path(sys.argv[1])
texts = {language: PhantomSet(folder / 'train', 4).texts(language) for language in ('ko', 'en')}
for language, lines in texts.items(): (folder / f'{language}.txt').write_text('\\n'.join(lines), encoding='utf-8')
tokenizer = build_tokenizer(texts['en'], texts['ko'], merges=100)
(folder / 'base.json').write_text(json.dumps(tokenizer), encoding='utf-8')`,
      folder,
    ]);
    const { io } = collectingIo();
    const base = at('base.json');
    await train(
      {
        ...{
          base,
          text: [{ path: at('ko.txt'), weight: { times: 1 } }],
          tokens: TOKENS,
          out: at('pack.json'),
          notice: 'a test',
        },
        ...TRAINING_DEFAULTS,
        nfc: true,
      },
      io,
    );
    await merge(
      { base, pack: at('pack.json'), out: at('merged.json'), text: [at('ko.txt'), at('en.txt')], nfc: true },
      io,
    );
    const { stdout } = await python(['-c', runs, folder]);
    result = JSON.parse(stdout);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('trains, tied, new rows alone, then all rows, then everything but the tower, then the inner layers', () => {
    const news = ['new input rows', 'new output rows'];
    const rows = ['old input rows', 'new input rows', 'old output rows', 'new output rows'];
    expect(result).toHaveProperty('tied', [
      { stage: '1-3', changed: news },
      { stage: '4-5', changed: rows },
      { stage: '6', changed: [...rows, 'inner layers'] },
      { stage: '7', changed: ['inner layers'] },
    ]);
  });

  it('trains, untied, in bfloat16 and through adapters, what the seven stages say', () => {
    const all = ['old input rows', 'new input rows', 'old output rows', 'new output rows'];
    // Steps in bfloat16 may leave a small vector as it is.
    const layers: unknown = expect.stringMatching(/^inner layers/);
    // Adapters change the seven projections of two layers.
    expect(result).toHaveProperty('untied', [
      { stage: '1', changed: ['new input rows'] },
      { stage: '2', changed: ['new output rows'] },
      { stage: '3', changed: ['new input rows', 'new output rows'] },
      { stage: '4', changed: ['old output rows', 'new output rows'] },
      { stage: '5', changed: ['new input rows', 'old output rows', 'new output rows'] },
      { stage: '6', changed: [...all, 'inner layers: 14'] },
      { stage: '7', changed: [layers] },
    ]);
    expect(result).toHaveProperty('one matrix', { tied: true, untied: false });
  });

  it.each(['tied', 'untied'])('goes on (%s) within a stage, to the same weights', async (which) => {
    expect(result).toHaveProperty(`${which} stopped`, expect.arrayContaining(['before-stage-6', 'state.pt']));
    expect(result).toHaveProperty(`${which} stopped`, expect.not.arrayContaining(['checkpoint']));
    const weights = (run: string) => readFile(at(run, 'checkpoint', 'model.safetensors'));
    expect((await weights(`${which}-stopped`)).equals(await weights(`${which}-run`))).toBe(true);
    const metrics = async (run: string) => (await lines(run, 'metrics.jsonl')).map(withoutTimes);
    expect(await metrics(`${which}-stopped`)).toEqual(await metrics(`${which}-run`));
  });

  it('reports losses by language from step 0 on, and evaluates', async () => {
    const number: unknown = expect.any(Number);
    const metrics = await lines('tied-run', 'metrics.jsonl');
    const held = { held_out_loss: number, held_out_loss_ko: number, held_out_loss_en: number };
    expect(metrics[0]).toMatchObject({ step: 0, stage: '', loss: number, ...held });
    expect(metrics.at(-1)).toMatchObject({ step: 12, stage: '7', loss: number, rate: number, ...held });
    expect(metrics.map((line) => withoutTimes(line)['stage'])).toEqual(['', '1-3', '4-5', '6', '7']);
    const part: unknown = expect.objectContaining({ by_language: { en: number, ko: number } });
    expect(await json('tied-run', 'evaluation.json')).toEqual({ seen: part, blank: part });
    expect(await json('untied-run', 'evaluation.json')).toMatchObject({ ...held, held_out_perplexity_ko: number });
  });

  it('writes a checkpoint that exports, with the merged tokenizer', async () => {
    const warnings: string[] = [];
    await exportPackage(
      {
        ...{ checkpoint: at('tied-run', 'checkpoint'), out: at('package'), dtype: 'fp32', visionDtype: 'fp32' },
        ...{ blockSize: 32, context: 256, name: undefined, randomWeights: false, notice: '' },
      },
      { note: () => undefined, warn: (text) => warnings.push(text), progress: () => ({ add() {}, stop() {} }) },
    );
    expect(warnings).toEqual([]);
    expect(await json('package', 'tokenizer.json')).toEqual(await json('merged.json'));
  });

  it.each([
    ['qlora on a CPU', /this machine lacks a CUDA GPU.*; lora trains adapters/],
    ['other options', /holds a run with other options \(.*steps/],
    [
      'a tokenizer made from another',
      /'<0x41>' has the id 73 .* and 74 .* was not made from it; make it with: npm run/,
    ],
    ['one without new tokens', /has no token that the checkpoint's has not/],
    ['a head that would be lost', /has a head of its own, which --tied would throw away/],
    ['no tokenizer', /has no config\.json and no tokenizer\.json/],
    ['images without a tower', /has no vision tower, but phantoms are images; use --corpus and --english/],
    ['a set of another split', /is a set of the split 'evaluation', expected 'train'/],
    ['too little text', /fewer than two sequences of 100000/],
    ['a name that is nowhere', /nobody\/nothing is no folder, and it did not come from the hub/],
  ])('refuses %s', (what, message) => {
    expect(result).toHaveProperty(['refused', what], expect.stringMatching(message));
  });

  it('mixes the languages as told, and never trains on what is held out', () => {
    // 75 Korean sequences, none twice: there are more.
    expect(result).toHaveProperty('drawn', { korean: 0.75, 'held out': 0, places: 75 });
  });

  it('works out the memory that the README names', () => {
    expect(result).toHaveProperty(
      'memory',
      expect.stringContaining('4,342,022,512 parameters with 278,592 rows of 2,560'),
    );
    const memory: unknown = isJsonObject(result) ? result['memory'] : undefined;
    const [tied = ''] = String(memory).split('Untied:');
    const figures = [...tied.matchAll(/^\| \d\S* \| [^|]+ \| (.+) \|$/gm)].map(([, cells]) => cells);
    expect(figures).toHaveLength(8);
    const written = readFileSync(new URL('../../../training/README.md', import.meta.url), 'utf8').replaceAll(
      / {2,}/g,
      ' ',
    );
    for (const cells of figures) expect(written).toContain(`| ${cells} |`);
  });

  it('tries every stage on made-up rows of the fixture, with --dry-run', async () => {
    const fixture = fileURLToPath(new URL('../../fixtures/gemma3-tiny/checkpoint', import.meta.url));
    const { stdout } = await python([
      ...['-m', 'teaching.expand', '--dry-run', '--checkpoint', fixture, '--new-tokens', '16384', '--device', 'cpu'],
      ...['--sequence', '16', '--rank', '2', '--threads', '1'],
    ]);
    expect(stdout).toMatch(/^full: 16384 new rows from id 512, 16896 rows of 160, tied/m);
    for (const way of ['full', 'lora']) expect(stdout).toMatch(new RegExp(`^${way}: (.*\n){4} {2}stage 7 `, 'm'));
    expect(stdout).toMatch(/^qlora: not run, this machine lacks/m);
    expect(stdout).toContain('every stage changed what it trains, and nothing else');
  });

  it('makes new rows as the exporter does', async () => {
    const old = [0, 1, 2, 3].map((row) =>
      Float32Array.from({ length: 6 }, (_, i) => Math.fround(Math.sin(9 * row + i))),
    );
    const subwords = [[1, 2], [3], [2, 2, 0]];
    const { stdout } = await python([
      '-c',
      `import json, sys, numpy as np
from teaching.new_rows import INITS, new_rows
old, subwords = json.loads(sys.argv[1])
print(json.dumps({init: new_rows(init, np.float32(old), subwords, 262145, 0.02).tolist() for init in INITS}))`,
      JSON.stringify([old.map((row) => [...row]), subwords]),
    ]);
    const rows = (init: (typeof ROW_INITS)[number]) =>
      subwords.map((ids, i) => [
        ...newRow(
          init,
          ids.flatMap((id) => old[id] ?? []),
          262145 + i,
          0.02,
        ),
      ]);
    // Logarithm and cosine of the two languages may differ in the last place.
    const near = (init: (typeof ROW_INITS)[number]) =>
      rows(init).map((row) => row.map((value): unknown => expect.closeTo(value, 8)));
    expect(JSON.parse(stdout)).toEqual({ mean: rows('mean'), first: rows('first'), random: near('random') });
  });
});

/** What does not depend on how busy the machine is. */
function withoutTimes(line: unknown): Record<string, unknown> {
  const entries = Object.entries(line ?? {}).filter(([key]) => !key.includes('seconds'));
  return Object.fromEntries(entries);
}
