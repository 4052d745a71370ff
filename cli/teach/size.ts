/** Size of the shipped models in the built page and in the repository. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MODELS } from './plan.ts';

/** Limit for public/models with the packages of `npm run models`, which a visitor may download. */
export const MAX_SHIPPED_BYTES = 25e6;

/** Limit for the files of public/models in git; each retraining adds about as much to the history. */
export const MAX_SHIPPED_BYTES_IN_GIT = 16.5e6;

/** Bytes of all files in a folder and below it. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((total, { size }) => total + size, 0);
}

/** Bytes of public/models without the packages, which git ignores. */
export async function sizeInGit(models: string): Promise<number> {
  const packages = await Promise.all(MODELS.map((model) => sizeOf(join(models, `${model}-q4`))));
  return packages.reduce((left, bytes) => left - bytes, await sizeOf(models));
}
