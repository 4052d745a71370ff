import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../../cli/export/command.ts';
import { readJson } from '../../reference/json.ts';
import { entry, runCommandHere, runNodeProcess, startNodeProcess } from '../cli/run.ts';
import { filesUnder, FIXTURE, randomCheckpoint, temporaryFolder } from './workbench.ts';

/** Starts an export and waits until it has written some weights. */
async function startExport(checkpoint: string, out: string) {
  const child = startNodeProcess([...entry('export'), '--checkpoint', checkpoint, '--out', out, '--dtype', 'q4']);
  const onnx = join(`${out}.partial`, 'onnx');
  await expect
    .poll(() => (existsSync(onnx) ? readdirSync(onnx) : []), { timeout: 30_000, interval: 5 })
    .toEqual(expect.arrayContaining([expect.stringMatching(/_data$/)]));
  return child;
}

describe('npm run export', () => {
  it('ends with 0, says what it made, and shows bytes and time left', async () => {
    const out = join(await temporaryFolder(), 'package');
    const args = ['--checkpoint', FIXTURE, '--out', out, '--dtype', 'q4', '--random-weights', '--name', 'Tiny'];
    const { status, stdout, stderr } = await runCommandHere(main, args);
    expect(stderr).toMatch(/warning: .* no tokenizer\.json/);
    expect(stderr).toMatch(/100% \| (\d+\.\d) of \1 MB \| 0s left/);
    expect(stdout).toMatch(/package: Tiny, 11 files, \d+\.\d MB/);
    expect(status).toBe(0);
    expect(await filesUnder(out)).toContain('manifest.json');
    expect(await readJson(out, 'manifest.json')).toMatchObject({ variants: [{ decoder: 'q4', method: 'search' }] });
  });

  it.each<[string, string[], RegExp]>([
    ['no arguments', [], /required option '--checkpoint/],
    [
      'an unknown dtype',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q3'],
      /Allowed choices are q4, q4f16, q8, fp16, fp32, q2/,
    ],
    [
      'a block size of 48',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--block-size', '48'],
      /Expected 16, 32/,
    ],
    [
      'a missing checkpoint',
      ['--checkpoint', '/nowhere', '--out', 'OUT', '--dtype', 'q4'],
      /^error: \/nowhere does not exist; --checkpoint names a folder with config\.json and safetensors\n$/,
    ],
    [
      'a missing pack',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--korean', '/nowhere/pack.json'],
      /^error: \/nowhere\/pack\.json does not exist: there is no folder \/nowhere; check the path\n$/,
    ],
    [
      'the recommended pack for a checkpoint without tokenizer',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--korean'],
      /has no tokenizer\.json; --korean merges .*public.korean.ko-med-16384\.json into it/,
    ],
    [
      'a pack by its name, likewise',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--korean', 'ko-20480'],
      /has no tokenizer\.json; --korean merges .*public.korean.ko-20480\.json into it/,
    ],
    [
      'a missing adapter',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--adapter', '/nowhere'],
      /^error: \/nowhere does not exist; an adapter is the folder that PEFT's save_pretrained writes\n$/,
    ],
    [
      '--strength without --adapter',
      ['--checkpoint', FIXTURE, '--out', 'OUT', '--dtype', 'q4', '--strength', '1'],
      /^error: --strength says how much of an adapter is added; name one with --adapter\n$/,
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
    const { status, stdout, stderr } = await runCommandHere(
      main,
      args.map((arg) => (arg === 'OUT' ? out : arg)),
    );
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(1);
    expect(existsSync(dirname(out))).toBe(false);
  });

  it.each<[string, string[], RegExp]>([
    ['no number', ['--context', 'many'], /positive whole number/],
    ['a blank', ['--strength', ' '], /Expected a number/],
  ])('refuses %s as an option', async (_, more, message) => {
    const { status, stderr } = await runCommandHere(main, [
      ...['--checkpoint', FIXTURE, '--out', '/nowhere/package', '--dtype', 'q4', ...more],
    ]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
  });
});

describe('the process of npm run export', { timeout: 120_000 }, () => {
  it('ends with the status of the command', async () => {
    const failed = await runNodeProcess([
      ...entry('export'),
      '--checkpoint',
      '/nowhere',
      '--out',
      'x',
      '--dtype',
      'q4',
    ]);
    expect(failed).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: \/nowhere does not/),
    });
  });

  it('cleans up after Ctrl-C, and starts again after kill -9', async () => {
    const checkpoint = await randomCheckpoint('mid', { num_hidden_layers: 1, vocab_size: 8192 });
    const out = join(await temporaryFolder(), 'package');

    const interrupted = await startExport(checkpoint, out);
    interrupted.kill('SIGINT');
    const { code, stderr } = await interrupted.ended;
    expect(stderr).toContain('error: stopped by SIGINT; nothing was kept');
    expect(code).toBe(130);
    expect(await readdir(dirname(out))).toEqual([]);

    const killed = await startExport(checkpoint, out);
    killed.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    expect(await readdir(dirname(out))).toEqual(['package.partial']);

    const again = await runCommandHere(main, ['--checkpoint', checkpoint, '--out', out, '--dtype', 'fp16']);
    expect(again.stderr).toMatch(/removing .*package\.partial, left by an earlier export that did not finish/);
    expect(again.status).toBe(0);
    expect(await readdir(dirname(out))).toEqual(['package']);
    expect(await filesUnder(out)).not.toContain('.in-progress');
  });
});
