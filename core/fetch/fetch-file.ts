/** Downloads one file over HTTP in pieces, verifies it on arrival, and resumes interrupted downloads. */
import { FailureError } from '../failure.ts';
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
  /** From a manifest: the size and a hash check of each chunk. The sink receives only whole, verified chunks. */
  expected?:
    | { size: number; chunkSize: number; isChunk(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> }
    | undefined;
  /** Without a manifest: version of the file that the bytes in the sink belong to (see `versionOf`). */
  version?: string | undefined;
  /** Called with the version of the file before its first byte is written. */
  onVersion?: ((version: string | undefined) => Promise<void>) | undefined;
}

/** Consecutive attempts without any received bytes before the download fails. */
const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 300;
/** If the server asks for a longer pause, the download fails and the user sees the pause. */
const LONGEST_PAUSE_SECONDS = 5;
/** Bytes per write if there are no chunks to verify. */
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
 * @throws FailureError as `fetchFile`; hash-mismatch and wrong-length if the file differs from `expected`. The bytes in
 *   the sink are valid then, and the next call resumes after them.
 */
export async function download(network: Network, job: Download): Promise<void> {
  const { sink, signal } = job;
  if (job.expected && job.expected.size > job.limit) throw tooLarge(job, job.expected.size);
  for (let failures = 0; ;) {
    const before = sink.length;
    try {
      // The server has another version than the sink: restart from the beginning, once.
      if ((await transfer(network, job)) === 'other-version') await transfer(network, job);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const wait = error instanceof FailureError ? retryPause(error) : undefined;
      if (wait === undefined) throw error;
      failures = sink.length > before ? 0 : failures + 1;
      if (failures === ATTEMPTS) throw error;
      await pause(Math.max(wait, (network.pauseMilliseconds ?? PAUSE_MILLISECONDS) * 2 ** failures), signal);
    }
  }
}

/** Milliseconds before the next attempt; undefined if a retry cannot help. */
function retryPause({ code, detail }: FailureError): number | undefined {
  // Other 4xx responses are final.
  if (code === 'network') return typeof detail['status'] === 'number' ? undefined : 0;
  if (code === 'server-error' || code === 'cut-off') return 0;
  if (code !== 'rate-limited') return undefined;
  const seconds = Number(detail['retryAfter'] ?? 0);
  return seconds <= LONGEST_PAUSE_SECONDS ? seconds * 1000 : undefined;
}

async function transfer(network: Network, job: Download): Promise<'done' | 'other-version'> {
  const { url, file, sink, expected } = job;
  const from = sink.length;
  if (expected && from === expected.size) return 'done';
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
    else if (from > 0 && !expected && (version === undefined || version !== job.version)) {
      discardBody(response);
      sink.truncate(0);
      return 'other-version';
    }
    if (sink.length === 0) {
      job.version = version;
      await job.onVersion?.(version);
    }
    await store(network, job, response, watch);
    return 'done';
  } finally {
    watch.end();
  }
}

/** Index of the first byte of the body in the file. Content-Range may be hidden by CORS: then it is the one asked for. */
function bodyStart(response: HttpResponse, asked: number): number {
  return response.status === 206 ? (contentRange(response)?.start ?? asked) : 0;
}

function contentRange({ headers }: HttpResponse): { start: number; total: number | undefined } | undefined {
  const [, start, total] = /^bytes (\d{1,15})-\d+\/(\d{1,15}|\*)$/.exec(headers.get('Content-Range') ?? '') ?? [];
  return start === undefined ? undefined : { start: Number(start), total: total === '*' ? undefined : Number(total) };
}

async function store(network: Network, job: Download, response: HttpResponse, watch: StallWatch): Promise<void> {
  const { url, file, sink, expected, limit } = job;
  const announced = totalBytes(response, sink.length);
  const total = expected?.size ?? announced;
  if (total !== undefined && total > limit) {
    discardBody(response);
    throw tooLarge(job, total);
  }
  const piece = allocate(Math.min(expected?.chunkSize ?? PIECE_BYTES, total ?? PIECE_BYTES));
  let filled = 0;
  /** Bytes of this response. */
  let received = 0;
  const cutOff = () =>
    new FailureError('cut-off', { file, bytes: sink.length + filled, ...(total !== undefined && { total }) });
  const flush = async () => {
    const bytes = piece.subarray(0, filled);
    if (expected && !(await expected.isChunk(sink.length / expected.chunkSize, bytes)))
      throw new FailureError('hash-mismatch', { file });
    if (filled > 0) sink.write(bytes);
    filled = 0;
  };
  const reader = response.body?.getReader();
  const nextBytes = async () => {
    try {
      return (await reader?.read())?.value;
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
        if (expected && arrived > expected.size)
          throw wrongLength(file, Math.max(arrived, announced ?? 0), expected.size);
        if (arrived > limit) throw tooLarge(job, arrived);
        const taken = rest.subarray(0, piece.length - filled);
        piece.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
        if (filled === piece.length) await flush();
      }
      job.signal?.throwIfAborted();
      job.progress?.(file, sink.length + filled, total);
    }
  } catch (cause) {
    // A partial chunk cannot be verified; without hashes, every byte is kept.
    if (!expected) await flush();
    throw cause;
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
  const arrived = sink.length + filled;
  if (!expected) await flush();
  if (arrived < (total ?? arrived)) {
    // All that the server has came: asking again brings no more.
    if (expected && announced === arrived) throw wrongLength(file, arrived, expected.size);
    throw cutOff();
  }
  if (filled > 0) await flush();
}

function wrongLength(file: string, bytes: number, expected: number): FailureError {
  return new FailureError('wrong-length', { file, bytes, expected });
}

/**
 * Length of the whole file; undefined if the server does not send it, or sends the compressed length. A range can be shorter
 * than the rest of the file, so its own total comes first.
 */
function totalBytes(response: HttpResponse, from: number): number | undefined {
  const range = response.status === 206 ? contentRange(response) : undefined;
  if (range?.total !== undefined) return range.total;
  const { headers } = response;
  const length = headers.get('Content-Length') ?? '';
  return !/^\d{1,15}$/.test(length) || headers.has('Content-Encoding') ? undefined : from + Number(length);
}

function tooLarge({ file, limit }: FileRequest, bytes: number): FailureError {
  return new FailureError('too-large', { file, bytes, limit });
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(Math.max(1, bytes));
  } catch (cause) {
    throw new FailureError('out-of-memory', { bytes }, { cause });
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
