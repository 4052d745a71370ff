/** How much of the repository the shipped models take. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Of public/models, in bytes: a clone has to stay small. */
export const LARGEST = 25e6;

/** Bytes of all files in a folder and below it. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((total, { size }) => total + size, 0);
}
