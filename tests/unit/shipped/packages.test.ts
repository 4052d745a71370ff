/** When `npm run models` makes packages again, and when it does not. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  makePackages,
  RECORDED,
  recordOf,
  unlikeRecorded,
  type PackageOptions,
} from '../../../cli/teach/teaching-packages.ts';

let folder: string;
let log: string[];
let options: PackageOptions;
const at = (...path: string[]) => join(folder, ...path);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packages-test-'));
  log = [];
  options = {
    models: at('models'),
    cache: at('cache'),
    code: [at('code')],
    log: (text) => log.push(text),
    // Stands in for the exporter, which tests/unit/export has.
    async exportPackage(_model, checkpoint, out) {
      await mkdir(join(out, 'onnx'), { recursive: true });
      await writeFile(join(out, 'manifest.json'), new Date().toISOString());
      await writeFile(join(out, 'onnx', 'weights'), `of ${await readFile(join(checkpoint, 'weights'), 'utf8')}`);
    },
  };
  for (const model of ['teaching-base', 'teaching-ko']) {
    await mkdir(at('models', `${model}-fp16`), { recursive: true });
    await writeFile(at('models', `${model}-fp16`, 'weights'), model);
  }
  await mkdir(at('code', 'deep'), { recursive: true });
  await writeFile(at('code', 'deep', 'exporter.ts'), '1');
  const evaluated = { 'onnx/weights': 'another hash' };
  await writeFile(
    at('models', RECORDED),
    JSON.stringify({ 'teaching-base-q4': evaluated, 'teaching-ko-q4': evaluated }),
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const both = ['teaching-base-q4', 'teaching-ko-q4'];

it('makes what is missing, once, and leaves nothing half made', async () => {
  expect(await makePackages(options)).toEqual(both);
  expect(await readFile(at('models', 'teaching-ko-q4', 'onnx', 'weights'), 'utf8')).toBe('of teaching-ko');
  expect((await readdir(at('cache'))).sort()).toEqual(both.map((name) => `${name}.json`));
  expect(await makePackages(options)).toEqual([]);
});

it.each([
  ['the code', both, () => writeFile(at('code', 'deep', 'exporter.ts'), '2')],
  ['a checkpoint', ['teaching-ko-q4'], () => writeFile(at('models', 'teaching-ko-fp16', 'weights'), 'trained anew')],
  [
    'a file of a package',
    ['teaching-base-q4'],
    () => writeFile(at('models', 'teaching-base-q4', 'onnx', 'weights'), 'x'),
  ],
  ['a package that was removed', ['teaching-base-q4'], () => rm(at('models', 'teaching-base-q4'), { recursive: true })],
  ['a file that was removed', ['teaching-ko-q4'], () => rm(at('models', 'teaching-ko-q4', 'manifest.json'))],
])('%s changed: it makes %j again', async (_what, made, change) => {
  await makePackages(options);
  await change();
  expect(await makePackages(options)).toEqual(made);
  expect(await makePackages(options)).toEqual([]);
  const weights = await readFile(at('models', 'teaching-base-q4', 'onnx', 'weights'), 'utf8');
  expect(weights).toBe('of teaching-base');
});

it('keeps the package that was there when the export fails, and tries again', async () => {
  await makePackages(options);
  await writeFile(at('models', 'teaching-ko-fp16', 'weights'), 'cannot be exported');
  const failing = { ...options, exportPackage: () => Promise.reject(new Error('no space left')) };
  await expect(makePackages(failing)).rejects.toThrow('no space left');
  expect(await readFile(at('models', 'teaching-ko-q4', 'onnx', 'weights'), 'utf8')).toBe('of teaching-ko');
  expect(await makePackages(options)).toEqual(['teaching-ko-q4']);
});

it('two at a time get in nobody’s way', async () => {
  await Promise.all([makePackages(options), makePackages({ ...options, cache: at('other') })]);
  expect(await readFile(at('models', 'teaching-ko-q4', 'onnx', 'weights'), 'utf8')).toBe('of teaching-ko');
});

it('names the checkpoint that is missing', async () => {
  await rm(at('models', 'teaching-ko-fp16'), { recursive: true });
  await expect(makePackages(options)).rejects.toThrow(/teaching-ko-fp16 is missing: restore it from git/);
});

it('says which files are not those that were evaluated', async () => {
  await makePackages(options);
  expect(log.filter((line) => line.includes('differ'))).toHaveLength(2);
  expect(await unlikeRecorded(options.models, 'teaching-ko-q4')).toEqual(['onnx/weights']);
  const recorded = { 'teaching-ko-q4': await recordOf(at('models', 'teaching-ko-q4')) };
  await writeFile(at('models', RECORDED), JSON.stringify(recorded));
  expect(await unlikeRecorded(options.models, 'teaching-ko-q4')).toEqual([]);
  await writeFile(at('models', 'teaching-ko-q4', 'more'), '');
  expect(await unlikeRecorded(options.models, 'teaching-ko-q4')).toEqual(['more']);
  await expect(unlikeRecorded(options.models, 'teaching-base-q4')).rejects.toThrow('does not name teaching-base-q4');
});
