import { FailureError } from '#core/failure.ts';
import type { StoreJobs } from '#core/protocol/store.ts';
import type { RunningJob } from '../../jobs/running-job.ts';
import { hashOfChunk } from '../chunk-hashes.ts';
import { fileOfPart, findWhole, partsOf, totalOf, type Part } from './parts.ts';

/**
 * Writes a package into a new folder inside `folder`. Each file gets its name when all of it is written.
 * @throws FailureError file-missing if a part of the package is not here; hash-mismatch if a piece is damaged on disk;
 *   file-broken if the folder cannot be written
 */
export async function exportPackage(
  { id, folder }: StoreJobs['export']['request'],
  job: Pick<RunningJob<StoreJobs['export']>, 'signal' | 'progress'>,
): Promise<StoreJobs['export']['result']> {
  const { signal } = job;
  if (!(folder instanceof FileSystemDirectoryHandle)) throw new TypeError('not a folder');
  const found = await findWhole(id);
  const parts = await partsOf(found);
  const sources = await Promise.all(
    parts.map(async (part) => {
      const blob = await fileOfPart(found.blobs, part);
      if (!blob) throw new FailureError('file-missing', { file: part.path });
      const hashes = part.id === undefined ? undefined : (await found.blobs.read(part.id))?.hashes;
      return { part, blob, hashes };
    }),
  );
  const name = folderName(found.name);
  const totalBytes = totalOf(parts);
  let done = 0;
  for (const { part, blob, hashes } of sources) {
    const onChunk = (bytes: number) => job.progress({ type: 'progress', doneBytes: (done += bytes), totalBytes });
    try {
      const into = await folder.getDirectoryHandle(name, { create: true });
      await writeFile(into, part, blob, hashes, signal, onChunk);
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof DOMException)) throw cause;
      // A stick that is full, write-protected or gone.
      throw new FailureError('file-broken', { file: `${name}/${part.path}`, reason: cause.message }, { cause });
    }
  }
  return { folder: name };
}

async function writeFile(
  root: FileSystemDirectoryHandle,
  { path, content }: Part,
  blob: Blob,
  hashes: readonly (string | undefined)[] | undefined,
  signal: AbortSignal,
  onChunk: (bytes: number) => void,
): Promise<void> {
  const names = path.split('/');
  let folder = root;
  for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
  const handle = await folder.getFileHandle(names.at(-1) ?? path, { create: true });
  const stream = await handle.createWritable();
  try {
    for (let begin = 0, index = 0; begin < content.size; begin += content.chunkSize, index++) {
      signal.throwIfAborted();
      const bytes = new Uint8Array(await blob.slice(begin, begin + content.chunkSize).arrayBuffer());
      if (hashes && (await hashOfChunk(bytes)) !== hashes[index])
        throw new FailureError('hash-mismatch', { file: path });
      await stream.write(bytes);
      onChunk(bytes.length);
    }
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
}

/** What every file system takes as a name. */
function folderName(name: string): string {
  // eslint-disable-next-line no-control-regex -- not allowed in names on Windows
  const clean = name.replace(/[<>:"/\\|?*\u0000-\u001f]+/g, '-').replace(/[. ]+$/, '');
  return clean.slice(0, 100) || 'model';
}
