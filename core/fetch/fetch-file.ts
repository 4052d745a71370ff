/** One file over HTTP: piece by piece, checked as it arrives, going on where it stopped. */
import { FailureError } from '../failure.ts';
import { parseJson } from '../json.ts';
import { MemorySink, type Sink } from './memory-sink.ts';
import {
  checkResponse,
  connectionFailure,
  send,
  StallWatch,
  versionOf,
  type HttpResponse,
  type Network,
} from './network.ts';

export interface FileRequest {
  url: string;
  /** Its name in messages, e.g. its path in the package. */
  file: string;
  /** Bytes of the largest file that is taken; asked of the server's word first, and of the bytes themselves. */
  limit: number;
  signal?: AbortSignal | undefined;
  /** Once for every piece that arrived. `doneBytes` starts behind what was there already. */
  progress?: ((file: string, doneBytes: number, totalBytes: number | undefined) => void) | undefined;
  /** `no-store` where the caller keeps the file itself. */
  cache?: 'default' | 'no-cache' | 'no-store';
}

export interface Download extends FileRequest {
  sink: Sink;
  /** From a manifest: the size, and a check of each chunk. Only whole, checked chunks reach the sink. */
  expected?:
    | { size: number; chunkSize: number; isChunk(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> }
    | undefined;
  /** Without a manifest: which version of the file the bytes in the sink belong to (see `versionOf`). */
  version?: string | undefined;
  /** Called with the version that is being written from here on, before its first byte. */
  onVersion?: ((version: string | undefined) => Promise<void>) | undefined;
}

/** Tries in a row that bring nothing before it gives up. */
const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 300;
/** A server that asks for a longer pause is told to the visitor instead. */
const LONGEST_PAUSE_SECONDS = 5;
/** Written at once when there are no chunks to check. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * The file in memory.
 * @throws FailureError offline, network, gated, file-missing, rate-limited, server-error, too-large, out-of-memory; the
 *   signal's reason when aborted. Nothing of a failure is kept: the next call asks again.
 */
export async function fetchFile(network: Network, request: FileRequest): Promise<Blob> {
  const sink = new MemorySink();
  await download(network, { ...request, sink });
  return sink.blob();
}

/**
 * A JSON file; its shape is for the caller to check.
 * @throws FailureError as `fetchFile`, and file-broken where it is no JSON
 */
export async function fetchJson(network: Network, request: FileRequest): Promise<unknown> {
  return parseJson(await (await fetchFile(network, request)).text(), request.file);
}

/**
 * The file into a sink, behind what is there.
 * @throws FailureError as `fetchFile`, and hash-mismatch and file-broken against `expected`. What the sink holds then is
 *   good, and the next call goes on behind it.
 */
export async function download(network: Network, job: Download): Promise<void> {
  const { sink, signal } = job;
  if (job.expected && job.expected.size > job.limit) throw tooLarge(job, job.expected.size);
  for (let failures = 0; ;) {
    const before = sink.length;
    try {
      // Another version than the one in the sink: asked once more, for all of it.
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

/** Milliseconds; undefined where asking again does not help. */
function retryPause({ code, detail }: FailureError): number | undefined {
  // Other 4xx are a refusal.
  if (code === 'network') return typeof detail['status'] === 'number' ? undefined : 0;
  if (code === 'server-error') return 0;
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
      sink.truncate(0);
      throw new FailureError('network', { url, reason: 'the file became shorter' });
    }
    checkResponse(response, url, file);
    const version = versionOf(response);
    if (from > 0 && !continues(response, from)) sink.truncate(0);
    else if (from > 0 && !expected && (version === undefined || version !== job.version)) {
      await response.body?.cancel();
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

/** Whether the body begins at `from`; a server that knows no ranges sends the whole file. Content-Range is hidden across origins. */
function continues(response: HttpResponse, from: number): boolean {
  if (response.status !== 206) return false;
  const start = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  return start === undefined || Number(start) === from;
}

async function store(network: Network, job: Download, response: HttpResponse, watch: StallWatch): Promise<void> {
  const { url, file, sink, expected, limit } = job;
  const announced = totalBytes(response, sink.length);
  const total = expected?.size ?? announced;
  if (total !== undefined && total > limit) {
    await response.body?.cancel();
    throw tooLarge(job, total);
  }
  const piece = allocate(Math.min(expected?.chunkSize ?? PIECE_BYTES, total ?? PIECE_BYTES));
  let filled = 0;
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
      // The signal tells a stall and a stop; runtimes differ in what they throw then.
      watch.signal.throwIfAborted();
      throw connectionFailure(network, url, cause);
    }
  };
  try {
    for (;;) {
      const bytes = await nextBytes();
      if (!bytes) break;
      watch.renew();
      for (let rest = bytes; rest.length > 0;) {
        const arrived = sink.length + filled + rest.length;
        if (expected && arrived > expected.size)
          throw new FailureError('file-broken', { file, reason: `more than ${expected.size} bytes` });
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
    // Half a chunk cannot be checked; without hashes every byte counts.
    if (!expected) await flush();
    throw cause;
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
  const arrived = sink.length + filled;
  const whole = total ?? arrived;
  if (!expected) await flush();
  if (arrived < whole) throw new FailureError('network', { url, reason: `ended after ${arrived} of ${whole} bytes` });
  if (filled > 0) await flush();
}

/** Length of the whole file; undefined when the server does not say, or says how long it is compressed. */
function totalBytes({ headers }: HttpResponse, from: number): number | undefined {
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
