/** Downloads a file into the store, after what is there of it, and hands it out. */
import type { ChunkedDownload, ChunkTarget } from '#core/fetch/chunked-job.ts';
import { downloadChunks } from '#core/fetch/chunked-download.ts';
import type { Network } from '#core/fetch/network.ts';
import { FailureError } from '#core/failure.ts';
import type { StoreNotice } from '#core/protocol/engine.ts';
import { completeFile, type BlobContent, type BlobStore, type BlobWriter } from './blobs.ts';
import { DiskTarget, MemoryTarget } from './chunk-targets.ts';
import { exclusively } from './exclusively.ts';
import { hasRoom, whyNotKept } from './opfs.ts';

export interface BlobRequest {
  /** Of the bytes in the store. */
  id: string;
  content: BlobContent;
  download: Omit<ChunkedDownload, 'target' | 'size' | 'chunkSize'>;
}

export interface Storage {
  network: Network;
  /** Undefined where the browser has no storage. */
  blobs: BlobStore | undefined;
  /** False: nothing is written. */
  keeps: boolean;
  notice: (notice: StoreNotice) => void;
}

/**
 * The file on disk; in memory if the browser's storage does not take it, with a notice. Another tab that downloads the same bytes
 * is waited for.
 * @throws as `downloadChunks`, for its target only what is unexpected. Chunks on disk are kept.
 */
export async function fetchBlob(storage: Storage, request: BlobRequest): Promise<Blob> {
  const { blobs, keeps, notice } = storage;
  const { id, content, download } = request;
  const { file, signal } = download;
  const kept = completeFile(await blobs?.read(id), content);
  if (kept) return kept;
  if (!keeps) return downloaded(storage, request);
  if (!blobs) return inMemory(storage, request, 'no-storage');
  const onWait = () => notice({ type: 'other-tab', file });
  return exclusively(`blob ${id}`, signal, onWait, async () => {
    // The tab that was waited for may have brought it.
    const brought = completeFile(await blobs.read(id), content);
    if (brought) return brought;
    const problem = await onDisk(storage, blobs, request);
    if (problem) return inMemory(storage, request, problem);
    const whole = completeFile(await blobs.read(id), content);
    if (!whole) throw new FailureError('file-broken', { file, reason: 'gone from storage' });
    return whole;
  });
}

type Problem = Extract<StoreNotice, { type: 'kept-in-memory' }>['reason'];

/** @returns why the browser's storage did not take all of it */
async function onDisk(
  { network }: Storage,
  blobs: BlobStore,
  { id, content, download }: BlobRequest,
): Promise<Problem | undefined> {
  let writer: BlobWriter | undefined;
  try {
    writer = await blobs.write(id);
    await writer.verify(content, download.signal);
    const target = new DiskTarget(writer, content);
    if (!(await hasRoom(missingBytes(target, content)))) return 'no-room';
    await downloadChunks(network, job(target, content, download));
    // Inside `try`: closing writes what the browser still holds back.
    writer.close();
    return undefined;
  } catch (error) {
    const problem = whyNotKept(error);
    if (!problem) throw error;
    return problem;
  } finally {
    closeQuietly(writer);
  }
}

async function inMemory(storage: Storage, request: BlobRequest, reason: Problem): Promise<Blob> {
  storage.notice({ type: 'kept-in-memory', file: request.download.file, reason });
  // Another tab's file changes while it is read.
  return downloaded(storage, request, reason === 'no-room' ? await storage.blobs?.read(request.id) : undefined);
}

/** @param stored bytes on disk that need not come again */
async function downloaded(
  { network }: Storage,
  { content, download }: BlobRequest,
  stored?: Awaited<ReturnType<BlobStore['read']>>,
): Promise<Blob> {
  const target = new MemoryTarget(content, stored);
  await downloadChunks(network, job(target, content, download));
  return target.blob();
}

function job(
  target: ChunkTarget,
  { size, chunkSize }: BlobContent,
  download: BlobRequest['download'],
): ChunkedDownload {
  return { ...download, target, size, chunkSize };
}

function missingBytes(target: ChunkTarget, { size, chunkSize }: BlobContent): number {
  let bytes = 0;
  for (let index = 0; index * chunkSize < size; index++)
    if (!target.has(index)) bytes += Math.min(chunkSize, size - index * chunkSize);
  return bytes;
}

/** A flush that fails on a full disk hides no other error. */
function closeQuietly(writer: BlobWriter | undefined): void {
  try {
    writer?.close();
  } catch (error) {
    if (!whyNotKept(error)) throw error;
  }
}

/** Puts bytes that are at hand into the store. @throws DOMException as `BlobWriter` */
export async function storeBlob(blobs: BlobStore, id: string, content: BlobContent, bytes: Blob): Promise<void> {
  await exclusively(
    `blob ${id}`,
    undefined,
    () => undefined,
    async () => {
      const writer = await blobs.write(id);
      try {
        const target = new DiskTarget(writer, content);
        for (let at = 0; at < content.size; at += content.chunkSize)
          await target.take(
            at / content.chunkSize,
            new Uint8Array(await bytes.slice(at, at + content.chunkSize).arrayBuffer()),
          );
      } finally {
        writer.close();
      }
    },
  );
}
