/** Holds the files of a package to its manifest. */
import { createHash } from 'node:crypto';
import { MANIFEST, parseFileTable, parseManifest, type ManifestFile } from '#core/protocol/manifest.ts';
import { FailureError } from '#core/failure.ts';
import { CommandError } from '../shared/errors.ts';
import type { FileSource } from '../shared/file-source.ts';
import { FolderReader } from '../shared/folder-reader.ts';

export interface CheckedPackage {
  files: number;
  bytes: number;
}

/** @throws CommandError that names the first file that is missing, not listed, or differs in size, hash or the hash of a chunk */
export async function checkPackage(folder: string): Promise<CheckedPackage> {
  const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
  await reader.require('package', MANIFEST);
  const { files, chunkSize } = await tableOf(reader);
  const paths = [...files.keys()];
  for (const path of reader.list()) {
    const isFolder = paths.some((file) => file.startsWith(`${path}/`));
    if (path !== MANIFEST && !isFolder && !files.has(path))
      throw new CommandError(`${folder}: ${MANIFEST} does not list ${path}; remove it, or export again`);
  }
  let bytes = 0;
  for (const [path, listed] of files) {
    if (!(await reader.has(path)))
      throw new CommandError(`${folder} has no ${path}, which ${MANIFEST} lists; export again`);
    const source = await reader.open(path);
    try {
      const wrong = await differenceOf(source, listed, chunkSize);
      if (wrong !== undefined) throw new CommandError(`${folder}: ${path} ${wrong}; export again`);
    } finally {
      await source.close();
    }
    bytes += listed.size;
  }
  return { files: files.size, bytes };
}

async function tableOf(reader: FolderReader): Promise<ReturnType<typeof parseFileTable>> {
  const json = await reader.json(MANIFEST);
  try {
    parseManifest(json);
    return parseFileTable(json);
  } catch (cause) {
    if (!(cause instanceof FailureError)) throw cause;
    throw new CommandError(`${reader.folder}: ${MANIFEST} is broken: ${cause.detail.reason}; export again`, { cause });
  }
}

/** How a file differs from what is listed; undefined where it does not. */
async function differenceOf(source: FileSource, listed: ManifestFile, chunkSize: number): Promise<string | undefined> {
  if (source.size !== listed.size) return `has ${source.size} bytes, ${listed.size} are listed`;
  const whole = createHash('sha256');
  for (let start = 0, chunk = 0; start < source.size; start += chunkSize, chunk++) {
    const bytes = await source.read(start, Math.min(chunkSize, source.size - start));
    whole.update(bytes);
    if (createHash('sha256').update(bytes).digest('hex') !== listed.chunks[chunk])
      return `differs in chunk ${chunk}, from byte ${start}`;
  }
  return whole.digest('hex') === listed.sha256 ? undefined : 'differs from its SHA-256';
}
