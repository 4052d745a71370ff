/** What lies in a package's folder under the name of a file is looked at before it is read. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { main } from '../../../cli/generate/command.ts';
import { temporaryFolder } from '../export/workbench.ts';
import { runCommandHere } from './run.ts';

it.each<[string, (path: string) => void, RegExp]>([
  ['a pipe', (path) => execFileSync('mkfifo', [path]), /config\.json is a pipe or a device, not a file/],
  ['a device', (path) => symlinkSync('/dev/zero', path), /config\.json is a pipe or a device, not a file/],
  ['a folder', (path) => mkdirSync(path), /config\.json is a folder, not a file/],
  [
    'a gigabyte',
    (path) => {
      writeFileSync(path, '{');
      truncateSync(path, 2 ** 30);
    },
    /config\.json has 1073741824 bytes; no more than 1000000 are read of such a file; write the package anew/,
  ],
])('%s in place of config.json', async (_, put, message) => {
  const folder = join(await temporaryFolder(), 'package');
  cpSync('public/models/teaching-ko-q4', folder, { recursive: true });
  rmSync(join(folder, 'config.json'));
  put(join(folder, 'config.json'));
  const { status, stderr } = await runCommandHere(main, ['--package', folder, '안녕']);
  expect(stderr).toMatch(message);
  expect(status).toBe(1);
});

it.each<[string, string, (json: Record<string, unknown>) => unknown, RegExp]>([
  [
    'a vocabulary with ids beyond the table',
    'tokenizer.json',
    (json) => {
      const model = Object(json['model']);
      return { ...json, model: { ...model, vocab: { ...model.vocab, '▁안녕': 5000, 안녕: 5001 } } };
    },
    /tokenizer\.json cannot be used: gives the question the id 500\d, and the vocabulary has 1088 rows/,
  ],
  [
    'images of another size than the encoder takes',
    'preprocessor_config.json',
    (json) => ({ ...json, size: { width: 32, height: 32 } }),
    /preprocessor_config\.json is broken: size is 32 × 32, and config\.json says image_size 64/,
  ],
  [
    'a self-test with ids beyond the table',
    'manifest.json',
    (json) => ({ ...json, selfTest: { ...Object(json['selfTest']), prompt: [1e9] } }),
    /manifest\.json is broken: selfTest names the id 1000000000, and the vocabulary has 1088/,
  ],
  [
    'a name that steers a terminal',
    'manifest.json',
    (json) => ({ ...json, name: '\u001b[2Jx', source: { ...Object(json['source']), randomWeights: true } }),
    /^note: \\u001b\[2Jx has random weights/m,
  ],
])('%s', async (_, file, change, message) => {
  const folder = join(await temporaryFolder(), 'package');
  cpSync('public/models/teaching-ko-q4', folder, { recursive: true });
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
  const { stderr } = await runCommandHere(main, ['--package', folder, '--max-tokens', '1', '안녕']);
  expect(stderr).toMatch(message);
});

it('an image of gigabytes', async () => {
  const path = join(await temporaryFolder(), 'large.png');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 31);
  const { status, stderr } = await runCommandHere(main, [
    '--package',
    'public/models/teaching-ko-q4',
    '--image',
    path,
    'x',
  ]);
  expect(stderr).toMatch(/^error: .*large\.png has more than 2 GiB, .*check that it is the file you meant$/m);
  expect(status).toBe(1);
});
