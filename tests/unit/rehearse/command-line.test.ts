/** The rehearsal from end to end, in a shape of seconds. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { barsOf } from '../../../cli/rehearse/bars.ts';
import { main } from '../../../cli/rehearse/command.ts';
import { barTable, byteTable, differences } from '../../../cli/rehearse/report.ts';
import { runStep } from '../../../cli/rehearse/step.ts';
import { StoppedError } from '../../../cli/shared/errors.ts';
import { collectingIo, runCommandHere, temporaryFolder } from '../cli/run.ts';

it('makes, exports, checks and asks a model of the tiny shape, and removes what it made', async () => {
  const folder = await temporaryFolder();
  const out = join(folder, 'deep', 'rehearsal');
  const { status, stdout, stderr } = await runCommandHere(main, ['--shape', 'tiny', '--layers', '2', '--out', out]);
  expect([status, stderr]).toEqual([0, expect.stringContaining('as manifest.json lists them')]);
  for (const step of ['checkpoint', 'export', 'check', 'self-test', 'answer'])
    expect(stdout).toMatch(new RegExp(`^${step} +\\d+\\.\\d +\\d+ MB$`, 'm'));
  expect(stdout).toMatch(/^onnx\/decoder_model_merged_q4\.onnx_data +([\d,]+) +\1 +equal$/m);
  expect(stdout).toMatch(/^tokenizer\.json +– +[\d,]+$/m);
  expect(stdout).not.toContain('DIFFERENT');
  expect(await readdir(folder)).toEqual([]);
}, 120_000);

it('refuses a folder that holds something and leaves it alone', async () => {
  const out = await temporaryFolder();
  await mkdir(join(out, 'package'));
  await writeFile(join(out, 'package', 'mine'), '');
  const { status, stderr } = await runCommandHere(main, ['--shape', 'tiny', '--out', out]);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/already holds something \(package\)/)]);
  expect(await readdir(join(out, 'package'))).toEqual(['mine']);
});

it('ends with the step that failed, whose message is shown', async () => {
  const { io, texts } = collectingIo();
  const step = { name: 'check', entry: 'rehearse/check-main.ts', args: ['/nowhere'] };
  await expect(runStep(step, io)).rejects.toThrow('the step "check" ended with 1; its message stands above');
  expect(texts().stderr).toMatch(/\/nowhere does not exist/);
});

it('stops before the first step and keeps nothing', async () => {
  const folder = await temporaryFolder();
  const stopped = AbortSignal.abort(new StoppedError('SIGINT'));
  const { status } = await runCommandHere(main, ['--shape', 'tiny', '--out', join(folder, 'x')], stopped);
  expect(status).toBe(130);
  expect(await readdir(folder)).toEqual([]);
});

it('tells bars that are met from those that are not, and sizes that are as predicted from others', () => {
  const steps = [{ name: 'export', seconds: 200, peakBytes: 1.6e9 }];
  const rehearsed = { shape: 'medgemma-4b', dtype: 'q4' } as const;
  const lines = barTable(barsOf({ ...rehearsed, method: 'round' }, steps, 2.8e9)).split('\n');
  expect(lines.map((line) => line.replaceAll(/ {2,}/g, '|'))).toEqual([
    'bar|at most|measured',
    'export, round|4 min 0 s|3 min 20 s|met',
    'export, peak memory|1,500 MB|1,600 MB|not met',
    'package|2,700 MB|2,800 MB|not met',
  ]);
  expect(barsOf({ ...rehearsed, layers: 4 }, steps, 0)).toEqual([]);

  const [predicted, measured] = [
    new Map([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]),
    new Map([
      ['a', 1],
      ['b', 3],
      ['d', 4],
    ]),
  ];
  expect(differences(predicted, measured)).toEqual(['b', 'c']);
  expect(byteTable(predicted, measured, 5)).toMatch(
    /^a +1 +1 +equal\nb +2 +3 +DIFFERENT\nc +3 +– +DIFFERENT\nd +– +4\n[^\n]+\non the disk +– +5$/m,
  );
});
