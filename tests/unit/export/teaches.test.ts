import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPackage } from '../../../workers/engine/model/package.ts';
import type { PackageReader } from '../../../workers/store/reader.ts';
import { exportTo, FIXTURE } from './workbench.ts';

/** A package as the engine reads it, its manifest as it is or another. */
function reader(folder: string, manifest?: string): PackageReader {
  return {
    name: folder,
    list: () => undefined,
    has: (path) => Promise.resolve(existsSync(join(folder, path))),
    blob: (path) =>
      Promise.resolve(
        new Blob([manifest !== undefined && path === 'manifest.json' ? manifest : readFileSync(join(folder, path))]),
      ),
  };
}

it('what a model teaches is written, read, and left out where it teaches nothing', async () => {
  const out = await exportTo(FIXTURE, 'q4', { teaches: 'phantoms' });
  expect((await readPackage(reader(out))).manifest?.teaches).toBe('phantoms');

  const manifest = await readFile(join(out, 'manifest.json'), 'utf8');
  await expect(readPackage(reader(out, manifest.replace('"phantoms"', '"anatomy"')))).rejects.toMatchObject({
    code: 'file-broken',
    detail: { file: 'manifest.json', reason: 'teaches is "anatomy", expected "phantoms"' },
  });

  const plain = await exportTo(FIXTURE, 'q4');
  expect(await readFile(join(plain, 'manifest.json'), 'utf8')).not.toContain('teaches');
  expect((await readPackage(reader(plain))).manifest?.teaches).toBeUndefined();
});
