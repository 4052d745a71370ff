import type { BlobLike, ByteSource } from '#core/bytes.ts';
import { FailureError } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import { readWithRetry } from './retrying-blob.ts';

/** Reads from a Blob. Its reads throw FailureError file-gone, and file-broken past the end. */
export function blobSource(file: string, blob: Blob): ByteSource {
  return {
    name: file,
    size: blob.size,
    async read(offset, length) {
      if (offset + length > blob.size)
        throw new FailureError('file-broken', { file, reason: `ends at ${blob.size} bytes` });
      try {
        return new Uint8Array(await readWithRetry(blob.slice(offset, offset + length)));
      } catch (cause) {
        throw fileGone(file, cause);
      }
    },
  };
}

/** The protocol says BlobLike, but only real Blobs can be posted to a worker, and only they can be read here. */
export function realBlob(file: string, blob: BlobLike): Blob {
  if (blob instanceof Blob) return blob;
  throw new FailureError('file-broken', { file, reason: 'not a Blob' });
}
