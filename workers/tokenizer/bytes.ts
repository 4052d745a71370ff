import { authorized } from '#core/fetch/authorization.ts';
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { FailureError } from '#core/failure.ts';
import { network } from '../store/network.ts';
import type { Pausing } from '../jobs/running-job.ts';

export type Progress = (doneBytes: number, totalBytes: number | undefined) => void;

/** A tokenizer.json has tens of megabytes; a larger file is a model or another file picked by mistake. */
export const MAX_TOKENIZER_BYTES = 200_000_000;

/**
 * Downloads an address, with progress. `token` is sent to its origin.
 * @throws FailureError as `fetchFile`
 */
export async function fetchBytes(
  url: string,
  job: Pausing,
  progress: Progress,
  token?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await fetchFile(authorized(network, url, token), {
    ...{ url, file: nameOf(url), limit: MAX_TOKENIZER_BYTES, signal: job.signal },
    progress: (_, done, total) => progress(done, total),
  });
  return new Uint8Array(await blob.arrayBuffer());
}

export function nameOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1) ?? url;
}

/**
 * Unpacks gzip. Some hosts send a gzip file unchanged, some let the browser unpack it; the first bytes show which.
 * @throws FailureError too-large: a small file may unpack to gigabytes
 */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))) {
    size += part.length;
    if (size > MAX_TOKENIZER_BYTES)
      throw new FailureError('too-large', { file, bytes: size, limit: MAX_TOKENIZER_BYTES });
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
