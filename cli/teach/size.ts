/** Size of the shipped models. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Limit for public/models, which keeps a clone small. */
export const MAX_SHIPPED_BYTES = 25e6;

/** Bytes of all files in a folder and below it. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((total, { size }) => total + size, 0);
}
