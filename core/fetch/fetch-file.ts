/** Downloads one small file over HTTP into memory, and resumes interrupted downloads. */
import { FailureError } from '../failure.ts';
import { bodyReader } from './body-reader.ts';
import { parseJson } from '../files/parse-json.ts';
import { MemorySink, type Sink } from './memory-sink.ts';
import {
  checkResponse,
  connectionFailure,
  discardBody,
  send,
  StallWatch,
  versionOf,
  type HttpResponse,
  type Network,
} from './network.ts';
import { bodyStart, totalBytes } from './response-range.ts';
import { ATTEMPTS, pause, retryPause } from './retry.ts';

export interface FileRequest {
  url: string;
  /** Name for messages, e.g. the path in the package. */
  file: string;
  /** Maximum size in bytes; checked against Content-Length and against the received bytes. */
  limit: number;
  signal?: AbortSignal | undefined;
  /** Called for every piece received. `doneBytes` includes bytes from an earlier download. */
  progress?: ((file: string, doneBytes: number, totalBytes: number | undefined) => void) | undefined;
  /** `no-store` if the caller stores the file itself. */
  cache?: 'default' | 'no-cache' | 'no-store';
}

export interface Download extends FileRequest {
  sink: Sink;
  /** Version of the file that the bytes in the sink belong to (see `versionOf`). */
  version?: string | undefined;
}

/** Bytes per write. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * Downloads the file into memory.
 * @throws FailureError offline, network, cut-off, gated, file-missing, rate-limited, server-error, too-large,
 *   out-of-memory; the signal's reason when aborted. Failures are not cached: the next call sends a new request.
 */
export async function fetchFile(network: Network, request: FileRequest): Promise<Blob> {
  const sink = new MemorySink();
  await download(network, { ...request, sink });
  return sink.blob();
}

/**
 * Downloads a JSON file; the caller checks its schema.
 * @throws FailureError as `fetchFile`, and file-broken if it is not JSON
 */
export async function fetchJson(network: Network, request: FileRequest): Promise<unknown> {
  return parseJson(await (await fetchFile(network, request)).text(), request.file);
}

/**
 * Downloads the file into a sink, after the bytes that it already holds.
 * @throws FailureError as `fetchFile`
 */
export async function download(network: Network, job: Download): Promise<void> {
  const { sink, signal } = job;
  for (let failures = 0; ;) {
    const before = sink.length;
    try {
      // The server has another version than the sink: restart from the beginning, once.
      if ((await transfer(network, job)) === 'other-version') await transfer(network, job);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      failures = sink.length > before ? 0 : failures + 1;
      const wait = error instanceof FailureError ? retryPause(network, error, failures) : undefined;
      if (wait === undefined || failures === ATTEMPTS) throw error;
      await pause(wait, signal);
    }
  }
}

async function transfer(network: Network, job: Download): Promise<'done' | 'other-version'> {
  const { url, file, sink } = job;
  const from = sink.length;
  const watch = new StallWatch(network, url, job.signal);
  try {
    const response = await send(network, url, {
      signal: watch.signal,
      cache: job.cache ?? 'default',
      headers: from > 0 ? { Range: `bytes=${from}-` } : {},
    });
    watch.renew();
    if (response.status === 416) {
      discardBody(response);
      sink.truncate(0);
      throw new FailureError('network', { url, reason: 'the file became shorter' });
    }
    checkResponse(network, response, url, file);
    const version = versionOf(response);
    const start = bodyStart(response, from);
    if (start !== 0 && start !== from) {
      discardBody(response);
      sink.truncate(0);
      throw new FailureError('network', { url, reason: `byte ${start} came in place of byte ${from}` });
    }
    // A server without range support sends the whole file.
    if (start !== from) sink.truncate(0);
    else if (from > 0 && (version === undefined || version !== job.version)) {
      discardBody(response);
      sink.truncate(0);
      return 'other-version';
    }
    if (sink.length === 0) job.version = version;
    await store(network, job, response, watch);
    return 'done';
  } finally {
    watch.end();
  }
}

async function store(network: Network, job: Download, response: HttpResponse, watch: StallWatch): Promise<void> {
  const { url, file, sink, limit } = job;
  const total = totalBytes(response, sink.length);
  if (total !== undefined && total > limit) {
    discardBody(response);
    throw tooLarge(job, total);
  }
  const piece = allocate(Math.min(PIECE_BYTES, total ?? PIECE_BYTES));
  let filled = 0;
  /** Bytes of this response. */
  let received = 0;
  const cutOff = () =>
    new FailureError('cut-off', { file, bytes: sink.length + filled, ...(total !== undefined && { total }) });
  const flush = () => {
    if (filled > 0) sink.write(piece.subarray(0, filled));
    filled = 0;
  };
  const reader = bodyReader(response.body);
  const nextBytes = async () => {
    try {
      return await reader?.read();
    } catch (cause) {
      // On a stall or an abort the signal has the reason; runtimes throw different errors.
      watch.signal.throwIfAborted();
      const failure = connectionFailure(network, url, cause);
      throw failure.code === 'network' && received > 0 ? cutOff() : failure;
    }
  };
  try {
    for (;;) {
      const bytes = await nextBytes();
      if (!bytes) break;
      watch.renew();
      received += bytes.length;
      for (let rest = bytes; rest.length > 0;) {
        const arrived = sink.length + filled + rest.length;
        if (arrived > limit) throw tooLarge(job, arrived);
        const taken = rest.subarray(0, piece.length - filled);
        piece.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
        if (filled === piece.length) flush();
      }
      job.signal?.throwIfAborted();
      job.progress?.(file, sink.length + filled, total);
    }
  } finally {
    flush();
    void reader?.cancel().catch(() => undefined);
  }
  if (total !== undefined && sink.length < total) throw cutOff();
}

export function tooLarge({ file, limit }: FileRequest, bytes: number): FailureError {
  return new FailureError('too-large', { file, bytes, limit });
}

export function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(Math.max(1, bytes));
  } catch (cause) {
    throw new FailureError('out-of-memory', { bytes }, { cause });
  }
}
