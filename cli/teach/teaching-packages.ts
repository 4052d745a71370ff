/**
 * The q4 packages in public/models, which are made from the fp16 checkpoints that git keeps beside them. A package that the same
 * code made from the same files is kept. docs/decisions/0011-shipped-models.md says why git does not keep the packages.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isJsonObject, type Json } from '#core/json.ts';
import { tools } from '../../scripts/node-process.ts';
import { CommandError, systemCode } from '../shared/errors.ts';
import { parseJson, readWholeFile, sha256Of } from '../shared/read-file.ts';
import { exportArguments, MODELS, type Model } from './plan.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** File with the hex SHA-256 of every file of the packages that were evaluated: results.json holds the figures of those bytes. */
export const RECORDED = 'packages.json';

export interface PackageOptions {
  /** Holds `<model>-fp16`; gets `<model>-q4`. */
  models: string;
  /** Folder for incomplete packages and for the stamps that record what a package was made from. */
  cache: string;
  /** Files and folders whose content determines what the exporter writes. */
  code: readonly string[];
  /** Writes a package into the folder `out`, which is not there yet. */
  exportPackage: (model: Model, checkpoint: string, out: string, signal?: AbortSignal) => Promise<void>;
  log: (text: string) => void;
  signal?: AbortSignal;
}

export const SHIPPED: PackageOptions = {
  models: join(root, 'public/models'),
  cache: join(root, '.cache/models'),
  code: [
    ...['core', 'cli/export', 'cli/shared', 'workers/engine', 'cli/teach/plan.ts', 'package.json'].map((path) =>
      join(root, path),
    ),
    // It writes the graphs.
    join(root, 'node_modules/@bufbuild/protobuf/package.json'),
  ],
  async exportPackage(model, checkpoint, out, signal) {
    const args = [...tools.tsx, ...exportArguments(model, 'q4', checkpoint, out)];
    await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 2 ** 24, signal }).catch(
      (cause: unknown) => {
        signal?.throwIfAborted();
        const reason = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
        throw new CommandError(`${checkpoint} cannot be exported:\n${reason}`, { cause });
      },
    );
  },
  log: () => undefined,
};

/**
 * Makes each package whose checkpoint, code or own files changed since it was made.
 * @returns names of the packages that were made
 * @throws CommandError when a checkpoint is missing or the export fails; an earlier package then stays as it is
 */
export async function makePackages(options: PackageOptions): Promise<string[]> {
  const code = await hashOf(options.code);
  // Waits for all: after a failure of one no other may still be running.
  const ends = await Promise.allSettled(MODELS.map((model) => makePackage(model, code, options)));
  return ends.flatMap((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value === undefined ? [] : [end.value];
  });
}

async function makePackage(model: Model, code: string, options: PackageOptions): Promise<string | undefined> {
  const name = `${model}-q4`;
  const checkpoint = join(options.models, `${model}-fp16`);
  if (!existsSync(checkpoint)) throw new CommandError(`${checkpoint} is missing: restore it from git to make ${name}`);
  const stampFile = join(options.cache, `${name}.json`);
  const out = join(options.models, name);
  const key = `${code} ${await hashOf([checkpoint])}`;
  if ((await readStamp(stampFile)) === `${key} ${await listingOf(out)}`) return undefined;

  const begin = performance.now();
  // Made in another folder and renamed, because another process may read the old package or make the same one.
  const fresh = join(options.cache, `${name}-${process.pid}`);
  const old = `${fresh}-old`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(options.cache, { recursive: true });
  let others: string[];
  try {
    await options.exportPackage(model, checkpoint, fresh, options.signal);
    const stamp = `${key} ${await listingOf(fresh)}`;
    others = await unlikeRecorded(options.models, name, fresh);
    await replaceFolder(out, fresh, old);
    await writeFile(stampFile, stamp);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
  options.log(`${name}: made from ${model}-fp16 in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  if (others.length > 0) {
    options.log(
      `${name}: ${others.join(', ')} differ from what was evaluated; the figures in ${join(options.models, 'results.json')} are of other bytes`,
    );
  }
  return name;
}

/** Replaces `out` by `fresh`, even while another process does the same. */
async function replaceFolder(out: string, fresh: string, old: string, attempts = 5): Promise<void> {
  await rm(old, { recursive: true, force: true });
  await rename(out, old).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
  try {
    await rename(fresh, out);
  } catch (error) {
    // The other process renamed its folder in between.
    if (attempts === 1 || !['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    await replaceFolder(out, fresh, old, attempts - 1);
  }
}

/** Files of a package that are not, byte for byte, those that were evaluated, sorted; also files that only one side has. */
export async function unlikeRecorded(models: string, name: string, folder = join(models, name)): Promise<string[]> {
  const recorded = (await readJson(join(models, RECORDED)))[name];
  if (!isJsonObject(recorded))
    throw new CommandError(`${join(models, RECORDED)} does not name ${name}; npm run teach:ship writes it`);
  const there = await recordOf(folder);
  const names = new Set([...Object.keys(recorded), ...Object.keys(there)]);
  return [...names].filter((file) => recorded[file] !== there[file]).sort();
}

/** Hex SHA-256 of each file of a package, hashed here; its manifest, which holds a date, is left out. */
export async function recordOf(folder: string): Promise<Record<string, string>> {
  const files = (await filesIn(folder)).filter((path) => path !== join(folder, 'manifest.json'));
  const entries = files.map(async (path): Promise<[string, string]> => {
    return [relative(folder, path).replaceAll('\\', '/'), sha256Of(await readFile(path))];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Hex SHA-256 of the names and contents of files; those of a folder at any depth. */
async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of await filesIn(path)) {
      const content = await readFile(file);
      hash.update(`${relative(path, file)}\0${content.byteLength}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

/** Hash of names, sizes and times of a package's files, which changes when the package is replaced. */
async function listingOf(folder: string): Promise<string> {
  try {
    const hash = createHash('sha256');
    for (const file of await filesIn(folder)) {
      const { size, mtimeMs } = await stat(file);
      hash.update(`${relative(folder, file)}\0${size}\0${mtimeMs}\0`);
    }
    return hash.digest('hex');
  } catch (error) {
    // The package was never made, or another process is replacing it.
    if (systemCode(error) === 'ENOENT') return 'missing';
    throw error;
  }
}

/** Paths of the files in a folder, sorted; of a file, itself. */
async function filesIn(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function readStamp(file: string): Promise<string | undefined> {
  return existsSync(file) ? readFile(file, 'utf8') : undefined;
}

async function readJson(file: string): Promise<Json> {
  const value = parseJson(file, (await readWholeFile(file)).bytes);
  if (!isJsonObject(value)) throw new CommandError(`${file} is no JSON object; restore it from git`);
  return value;
}
