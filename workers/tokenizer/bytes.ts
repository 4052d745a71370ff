import { fetchFile } from '#core/fetch/fetch-file.ts';
import { FailureError } from '#core/failure.ts';
import { LabFailureError } from '#core/protocol/tokenizer.ts';
import { network } from '../store/network.ts';
import type { RunningJob } from './jobs.ts';

export type Progress = (doneBytes: number, totalBytes: number | undefined) => void;

/** A tokenizer.json has tens of megabytes; beyond this it is a model, or something else by mistake. */
export const MAX_TOKENIZER_BYTES = 200_000_000;

/**
 * What lies at an address, with progress.
 * @throws LabFailureError offline, network, gated, file-missing, rate-limited, server-error, too-large
 */
export async function fetchBytes(url: string, job: RunningJob, progress: Progress): Promise<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  try {
    const blob = await fetchFile(network, {
      url,
      file: new URL(url).pathname.split('/').at(-1) ?? url,
      limit: MAX_TOKENIZER_BYTES,
      signal: stop.signal,
      progress(_, done, total) {
        progress(done, total);
        // A job that was stopped says so by throwing.
        job.pause().catch((reason: unknown) => stop.abort(reason));
      },
    });
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw error instanceof FailureError ? labFailure(error) : error;
  }
}

function labFailure(error: FailureError): LabFailureError {
  const { code, detail } = error;
  switch (code) {
    case 'offline':
    case 'network':
    case 'gated':
    case 'file-missing':
    case 'rate-limited':
    case 'server-error':
    case 'too-large':
      return new LabFailureError(code, detail, { cause: error });
    default:
      return new LabFailureError('worker', { reason: error.message }, { cause: error });
  }
}

/**
 * Hosts differ: some hand a gzip file out as it is, some let the browser unpack it. The first bytes tell.
 * @throws LabFailureError too-large: a small file may unpack to gigabytes
 */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))) {
    size += part.length;
    if (size > MAX_TOKENIZER_BYTES)
      throw new LabFailureError('too-large', { file, bytes: size, limit: MAX_TOKENIZER_BYTES });
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
