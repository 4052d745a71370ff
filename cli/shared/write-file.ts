/** Writes text files under another name first and renames them, so that a file is never incomplete. */
import { access, constants, lstat, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CommandError, onFile } from './errors.ts';

/** For the start of long work. @throws CommandError when the file exists or cannot be created */
export async function requireNewFile(path: string): Promise<void> {
  await refuseExisting(path);
  await requireFolder(path);
}

/** For the start of long work. @throws CommandError when the file cannot be created or replaced */
export async function requireReplaceableFile(path: string): Promise<void> {
  await requireFolder(path);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new CommandError(`${path} is a folder; name a file with --out`);
}

/** @throws CommandError when the file exists */
export async function writeNewFile(path: string, text: string): Promise<void> {
  await write(path, text, () => refuseExisting(path));
}

export async function replaceFile(path: string, text: string): Promise<void> {
  await write(path, text, async () => undefined);
}

async function write(path: string, text: string, beforeRename: () => Promise<void>): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await onFile(path, writeFile(partial, text, { flag: 'wx', flush: true }));
    await beforeRename();
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function refuseExisting(path: string): Promise<void> {
  const exists = await lstat(path).then(
    () => true,
    () => false,
  );
  if (exists) throw new CommandError(`${path} already exists; name a new file with --out`);
}

async function requireFolder(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new CommandError(`${folder} is no folder; make it, or name another file with --out`);
  }
  await access(folder, constants.W_OK);
}
