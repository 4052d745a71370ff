/** Paths that are not what they should be, and folders that hold two models. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../../cli/export/checkpoint.ts';
import { main as exportMain } from '../../../cli/export/command.ts';
import { main as koreanMain } from '../../../cli/korean/command.ts';
import { OutputFolder } from '../../../cli/shared/output-folder.ts';
import { copyOfFixture } from '../export/workbench.ts';
import { runCommandHere, temporaryFolder } from './run.ts';

test.each([
  [exportMain, ['--checkpoint', 'x', '--dtype', 'q4', '--out', ''], "option '--out <folder>' is empty"],
  [exportMain, ['--checkpoint=', '--dtype', 'q4', '--out', 'x'], "option '--checkpoint <folder>' is empty"],
  [koreanMain, ['inspect', '--pack', ''], "option '--pack <file>' is empty"],
  [koreanMain, ['measure', '--text', 'x', '--tokenizer', 'x', ''], "option '--tokenizer <file...>' is empty"],
])('an empty path is a usage error: %s %j', async (main, args, message) => {
  const { status, stdout, stderr } = await runCommandHere(main, args);
  expect(stderr).toContain(`error: ${message}. Expected a path.`);
  expect([status, stdout]).toEqual([1, '']);
});

test('texts may be empty', async () => {
  const folder = await temporaryFolder();
  const args = ['--checkpoint', join(folder, 'none'), '--dtype', 'q4', '--out', 'x', '--notice', ''];
  expect((await runCommandHere(exportMain, args)).stderr).toContain('none does not exist');
});

test('a file in the way of an output folder is the one that is named', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const options = { command: 'export', note: () => undefined };
  for (const out of [file, join(file, 'package'), join(file, 'deep/er/package')])
    await expect(OutputFolder.create(out, options)).rejects.toThrow(`${file} is a file, not a folder; name a new`);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('where one file of weights lies beside shards, the choice is said', async () => {
  const folder = await copyOfFixture();
  const one = await openCheckpoint(folder);
  await one.close();
  expect(one.notes).toEqual([]);
  writeFileSync(join(folder, 'model.safetensors.index.json'), '{"weight_map": {"x": "gone.safetensors"}}');
  const both = await openCheckpoint(folder);
  await both.close();
  expect(both.notes).toEqual([expect.stringContaining('the weights are those of model.safetensors')]);
});
