/** What is copied onto the stick, and what it must be. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { FailureError } from '#core/failure.ts';
import { firstNames, MANIFEST, parseFileTable, parseManifest, type FileTable } from '#core/protocol/manifest.ts';
import { printable } from '#core/printable.ts';
import { CommandError } from '../shared/errors.ts';
import { FolderReader } from '../shared/folder-reader.ts';

export interface SourceFolder {
  name: string;
  from: string;
  /** Folder on the stick, with "/". */
  to: string;
  files: readonly SourceFile[];
  /** Origin and terms of the weights, as their manifest states them; empty for the page. */
  note: string;
}

export interface SourceFile {
  /** On the stick, in the folder there, with "/". */
  path: string;
  /** In the folder here. */
  read: string;
  bytes: number;
  /** @throws CommandError where the hash is not the one that is listed */
  check: (sha256: string) => void;
}

/** @throws CommandError where the page was not built */
export async function pageFolder(folder: string): Promise<SourceFolder> {
  const files = await filesUnder(folder).catch(() => []);
  const has = (path: string) => files.some((file) => file.path === path);
  if (!has('index.html') || !has('service-worker.js')) {
    throw new CommandError(
      `${printable(folder)} holds no built page (index.html, service-worker.js); run npm run build first, or name another with --page`,
    );
  }
  return { name: 'page', from: folder, to: 'page', files, note: '' };
}

/**
 * @param others whose names are taken
 * @throws CommandError where it is no package, its files are not those of its manifest, or its name is taken
 */
export async function packageFolder(folder: string, others: readonly SourceFolder[]): Promise<SourceFolder> {
  const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
  await reader.require('package', MANIFEST);
  const json = await reader.json(MANIFEST);
  let table: FileTable;
  let note: string;
  try {
    note = parseManifest(json).source.notice;
    table = parseFileTable(json);
  } catch (cause) {
    if (!(cause instanceof FailureError)) throw cause;
    throw new CommandError(`${printable(folder)}: ${MANIFEST} is broken: ${cause.detail.reason}; export again`, {
      cause,
    });
  }
  // In an address without escapes, and on every file system of a stick.
  const name = basename(resolve(folder)).replace(/[^\w.-]+/gu, '-');
  const to = `packages/${name}`;
  if (others.some((other) => other.to === to))
    throw new CommandError(`two packages are called ${name}; rename the folder of one`);
  return { name, from: folder, to, files: await listedFiles(folder, table), note };
}

/**
 * The manifest and what it lists; other files of the folder are left where they are. A package that the page wrote into a folder
 * has files with the same bytes once; on the stick they stand under all their names.
 */
async function listedFiles(folder: string, { files }: FileTable): Promise<SourceFile[]> {
  const found = new Map((await filesUnder(folder)).map((file) => [file.path, file]));
  const first = firstNames(files);
  const sameAs = (path: string) => [...first.keys()].filter((name) => first.get(name) === first.get(path));
  return [MANIFEST, ...files.keys()].map((path) => {
    const file = [path, ...sameAs(path)].map((name) => found.get(name)).find((one) => one !== undefined);
    if (!file)
      throw new CommandError(`${printable(folder)} has no ${path}, which ${MANIFEST} lists; copy or export it again`);
    const listed = files.get(path);
    if (!listed) return file;
    const wrong = () =>
      new CommandError(`${join(folder, path)} is not what ${MANIFEST} lists; copy or export the package again`);
    if (file.bytes !== listed.size) throw wrong();
    const check = (sha256: string) => {
      if (sha256 !== listed.sha256) throw wrong();
    };
    return { ...file, path, check };
  });
}

/** Links are followed: sticks have none. */
async function filesUnder(folder: string): Promise<SourceFile[]> {
  const paths = await readdir(folder, { recursive: true });
  const files: SourceFile[] = [];
  for (const path of paths.sort()) {
    const found = await stat(join(folder, path));
    if (!found.isFile()) continue;
    const inner = relative(folder, join(folder, path)).split(sep).join('/');
    files.push({ path: inner, read: inner, bytes: found.size, check: () => undefined });
  }
  return files;
}
