import { FailureError } from '#core/failure.ts';
import type { Pausing } from '../jobs/running-job.ts';

export type Progress = (doneBytes: number, totalBytes: number | undefined) => void;

/**
 * What lies at an address, with progress.
 * @throws FailureError 'network', with the HTTP status as reason where there was one
 */
export async function fetchBytes(url: string, job: Pausing, progress: Progress): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new FailureError('network', { url, reason: reasonOf(error) }, { cause: error });
  }
  if (!response.ok) throw new FailureError('network', { url, reason: `HTTP ${response.status}` });
  // What is encoded on the way arrives longer than its header says.
  const encoded = response.headers.has('Content-Encoding');
  const total = encoded ? undefined : Number(response.headers.get('Content-Length')) || undefined;
  return await collect(response.body, job, progress, total, url);
}

async function collect(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  job: Pausing,
  progress: Progress,
  total: number | undefined,
  url: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  try {
    for await (const part of body ?? []) {
      await job.pause();
      parts.push(part);
      done += part.length;
      progress(done, total);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FailureError('network', { url, reason: reasonOf(error) }, { cause: error });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Hosts differ: some hand a gzip file out as it is, some let the browser unpack it. The first bytes tell. */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
