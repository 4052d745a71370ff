import { FailureError } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import { MANIFEST } from '#core/protocol/manifest.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { StoreJobs } from '#core/protocol/store.ts';
import type { RunningJob } from '../../jobs/running-job.ts';
import { BlobStore, bytesAtHand } from '../blobs.ts';
import { DiskTarget } from '../chunk-targets.ts';
import { exclusively } from '../exclusively.ts';
import { openFiles } from '../files.ts';
import { hasRoom } from '../opfs.ts';
import { PackageRecords } from '../records.ts';
import { readText } from '../reader.ts';
import { sha256OfText } from '../sha256.ts';
import { StoredManifest } from '../stored-manifest.ts';
import { totalOf, type Part } from './parts.ts';

/** Of files without a manifest. */
const CHUNK_BYTES = 8 * 2 ** 20;

/**
 * Copies a package into the store; what is there already is not copied again.
 * @throws FailureError file-missing, file-gone (a stick was pulled out), hash-mismatch, storage-full, no-storage
 */
export async function copyPackage(
  source: PackageSource & { type: 'files' },
  job: Pick<RunningJob<StoreJobs['copy']>, 'signal' | 'progress'>,
): Promise<StoreJobs['copy']['result']> {
  const { signal } = job;
  const [blobs, records] = [await BlobStore.open(), await PackageRecords.open()];
  if (!blobs || !records) throw new FailureError('no-storage');
  const reader = await openFiles(source);
  const text = (await reader.has(MANIFEST)) ? await readText(reader, MANIFEST) : undefined;
  const manifest = text === undefined ? undefined : new StoredManifest(text);
  const sizes = source.files.map(({ path, blob }) => `${path} ${blob.size}`);
  const id = await sha256OfText(`folder\n${text ?? [source.name, ...sizes.sort()].join('\n')}`);
  const parts = manifest ? await manifest.distinct() : await plainParts(id, source.files);
  await checkRoom(blobs, parts);
  const folder = await records.create(id);
  // Before the bytes: what no package refers to is removed.
  await folder.setManifest(text ?? '');
  await folder.setRecord({ name: source.name, used: new Date().toISOString() });
  const totalBytes = totalOf(parts);
  let done = 0;
  for (const part of parts) {
    if (!manifest) await folder.setFile(recordOf(part, false));
    const blob = await reader.blob(part.path);
    const onChunk = (bytes: number) => job.progress({ type: 'progress', doneBytes: (done += bytes), totalBytes });
    await exclusively(
      `blob ${part.id}`,
      signal,
      () => undefined,
      () => copyFile(blobs, part, blob, signal, onChunk),
    );
    if (!manifest) await folder.setFile(recordOf(part, true));
  }
  return { id };
}

type PartOfBlob = Part & { id: string };

async function plainParts(id: string, files: (PackageSource & { type: 'files' })['files']): Promise<PartOfBlob[]> {
  return Promise.all(
    files.map(async ({ path, blob }) => ({
      path,
      id: await sha256OfText(`${id}\n${path}`),
      content: { size: blob.size, chunkSize: CHUNK_BYTES, hashes: undefined },
    })),
  );
}

function recordOf({ path, id, content: { size, chunkSize } }: PartOfBlob, complete: boolean) {
  return { path, blob: id, size, chunkSize, complete };
}

async function checkRoom(blobs: BlobStore, parts: readonly PartOfBlob[]): Promise<void> {
  let missing = 0;
  for (const { id, content } of parts) missing += content.size - bytesAtHand(await blobs.read(id), content);
  if (!(await hasRoom(missing)))
    throw new FailureError('storage-full', { reason: `${missing} bytes are to be copied` });
}

async function copyFile(
  blobs: BlobStore,
  { path, id, content }: PartOfBlob,
  blob: Blob,
  signal: AbortSignal,
  onChunk: (bytes: number) => void,
): Promise<void> {
  const writer = await blobs.write(id);
  try {
    await writer.verify(content, signal);
    const target = new DiskTarget(writer, content);
    for (let index = 0; index * content.chunkSize < content.size; index++) {
      signal.throwIfAborted();
      const begin = index * content.chunkSize;
      const piece = blob.slice(begin, Math.min(begin + content.chunkSize, content.size));
      if (!target.has(index) && !(await target.take(index, await bytesOf(piece, path))))
        throw new FailureError('hash-mismatch', { file: path });
      onChunk(piece.size);
    }
  } finally {
    writer.close();
  }
}

async function bytesOf(piece: Blob, file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await piece.arrayBuffer());
  } catch (cause) {
    throw fileGone(file, cause);
  }
}
