/** Files of a folder whose bytes stand under two names. */
import { expect, test } from 'vitest';
import { distinctBytes, firstNames, type ManifestFile } from '#core/protocol/manifest.ts';
import { openFiles } from '../../../workers/store/files.ts';

const file = (sha: string, size: number): ManifestFile => ({ size, sha256: sha.repeat(64), chunks: [sha.repeat(64)] });
const files = {
  'onnx/a.onnx_data': file('a', 3),
  'onnx/b.onnx_data': file('b', 5),
  'onnx/c.onnx_data': file('a', 3),
};

test('the first name stands for all, and sizes count bytes once', () => {
  expect(Object.fromEntries(firstNames(new Map(Object.entries(files))))).toEqual({
    'onnx/a.onnx_data': 'onnx/a.onnx_data',
    'onnx/b.onnx_data': 'onnx/b.onnx_data',
    'onnx/c.onnx_data': 'onnx/a.onnx_data',
  });
  expect(distinctBytes(Object.values(files))).toBe(8);
});

test.each(['onnx/a.onnx_data', 'onnx/c.onnx_data'])('a folder that has %s alone has both', async (present) => {
  const reader = await openFiles({
    type: 'files',
    name: 'copied',
    files: [
      { path: 'manifest.json', blob: new Blob([JSON.stringify({ chunkSize: 8, files })]) },
      { path: present, blob: new Blob(['xyz']) },
    ],
  });
  for (const name of ['onnx/a.onnx_data', 'onnx/c.onnx_data']) {
    expect(await reader.has(name)).toBe(true);
    expect(await (await reader.blob(name)).text()).toBe('xyz');
  }
  expect(await reader.has('onnx/b.onnx_data')).toBe(false);
  await expect(reader.blob('onnx/b.onnx_data')).rejects.toMatchObject({ code: 'file-missing' });
});
