/** A package is held to its manifest: every file, its size, its hash and those of its chunks. */
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPackage } from '../../../cli/rehearse/check-package.ts';
import { exportTo, FIXTURE } from '../export/workbench.ts';

const DATA = 'onnx/decoder_model_merged_q4.onnx_data';

describe('the check of a package', () => {
  it('counts the files and bytes of one that is whole', async () => {
    const folder = await exportTo(FIXTURE, 'q4');
    const { files } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
      files: Record<string, { size: number }>;
    };
    const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);
    expect(await checkPackage(folder)).toEqual({ files: Object.keys(files).length, bytes });
  });

  it.each<[string, (folder: string) => Promise<void>, RegExp]>([
    [
      'a changed byte',
      async (folder) => {
        const bytes = await readFile(join(folder, DATA));
        bytes[1000] = (bytes[1000] ?? 0) ^ 1;
        await writeFile(join(folder, DATA), bytes);
      },
      /onnx_data differs in chunk 0, from byte 0; export again/,
    ],
    ['a file cut short', (folder) => truncate(join(folder, DATA), 5000), /onnx_data has 5000 bytes, \d+ are listed/],
    ['a missing file', (folder) => rm(join(folder, DATA)), /has no onnx\/.*onnx_data, which manifest\.json lists/],
    [
      'a file too many',
      (folder) => writeFile(join(folder, 'onnx/other.onnx'), ''),
      /manifest\.json does not list onnx\/other\.onnx/,
    ],
    [
      'a wrong hash of a whole file',
      async (folder) => {
        const path = join(folder, 'manifest.json');
        const text = await readFile(path, 'utf8');
        const [, hash = ''] =
          /"onnx\/decoder_model_merged_q4\.onnx_data": \{\s*"size": \d+,\s*"sha256": "(\w+)"/.exec(text) ?? [];
        await writeFile(path, text.replace(`"sha256": "${hash}"`, `"sha256": "${'0'.repeat(64)}"`));
      },
      /onnx_data differs from its SHA-256/,
    ],
    ['a manifest that is none', (folder) => writeFile(join(folder, 'manifest.json'), '{}'), /manifest\.json is broken/],
  ])('names %s', async (_, damage, message) => {
    const folder = await exportTo(FIXTURE, 'q4', { method: 'round' });
    await damage(folder);
    await expect(checkPackage(folder)).rejects.toThrow(message);
  });
});
