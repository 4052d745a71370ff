/** MedGemma is refused before anything large of it is read. */
import { expect, test } from 'vitest';
import type { PackageReader } from '../../../workers/store/reader.ts';
import { refuseUnacceptedTerms } from '../../../workers/engine/model/terms.ts';

function reader(name: string, files: Record<string, unknown>): PackageReader & { read: string[] } {
  const read: string[] = [];
  return {
    ...{ name, read },
    has: async (path) => path in files,
    list: () => Object.keys(files),
    blob: async (path) => {
      read.push(path);
      return new Blob([JSON.stringify(files[path])]);
    },
  };
}

test('a checkpoint of MedGemma that others exported is known by config.json, and nothing else was read', async () => {
  const medgemma = reader('model', { 'config.json': { _name_or_path: 'google/medgemma-4b-it' }, 'onnx/x.onnx': {} });
  await expect(refuseUnacceptedTerms(medgemma)).rejects.toMatchObject({
    code: 'terms-not-accepted',
    detail: { name: 'model' },
  });
  expect(medgemma.read).toEqual(['config.json']);
});

test.each([{}, { _name_or_path: 'google/gemma-3-4b-it' }, { _name_or_path: 5 }])('%j is not asked', async (config) => {
  await expect(refuseUnacceptedTerms(reader('model', { 'config.json': config }))).resolves.toBeUndefined();
});
