/** Whole files: read with a message that names them, written under another name until they are complete. */
import { createHash } from 'node:crypto';
import { access, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KoreanError, systemCode } from '../korean/errors.ts';

export interface ReadFile {
  bytes: Uint8Array;
  /** Hex. */
  sha256: string;
}

/** @throws KoreanError when the file cannot be read */
export async function readWhole(path: string): Promise<ReadFile> {
  try {
    const bytes = await readFile(path);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** @throws KoreanError when the bytes are no JSON in UTF-8 */
export function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new KoreanError(`${path} is no JSON: ${error instanceof Error ? error.message : 'unknown error'}`, {
      cause: error,
    });
  }
}

/** An error of the system as a message about the file, or the error itself. */
export function unreadable(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === 'ENOENT') return new KoreanError(`${path} does not exist`, { cause: error });
  if (code === 'EISDIR') return new KoreanError(`${path} is a folder, not a file`, { cause: error });
  if (code === 'EACCES') return new KoreanError(`${path} may not be read`, { cause: error });
  return error;
}

/** To be called before hours of work. @throws KoreanError when the file is there already or its folder is not */
export async function refuseOccupied(out: string): Promise<void> {
  const taken = await access(out).then(
    () => true,
    () => false,
  );
  if (taken) throw new KoreanError(`${out} already exists; name a new file with --out`);
  const folder = await stat(dirname(resolve(out))).catch(() => undefined);
  if (!folder?.isDirectory()) throw new KoreanError(`the folder of ${out} does not exist`);
}

/** The file is there whole or not at all. */
export async function writeWhole(out: string, text: string): Promise<void> {
  const partial = `${out}.${process.pid}.partial`;
  try {
    await writeFile(partial, text, { flag: 'wx', flush: true });
    await refuseOccupied(out);
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    if (systemCode(error) === 'ENOSPC') throw new KoreanError(`no space left for ${out}`, { cause: error });
    throw error;
  }
}
