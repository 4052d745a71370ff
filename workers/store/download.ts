/** One file over HTTP into a sink: piece by piece, checked as it arrives, going on where it stopped. */
import { FailureError } from '#core/failure.ts';
import type { ReadOptions } from './reader.ts';
import { sha256 } from './sha256.ts';
import type { Sink } from './package-store.ts';

export interface Download extends ReadOptions {
  url: string;
  /** Its path in the package, for messages. */
  file: string;
  sink: Sink;
  /** From the manifest. Only whole, checked chunks reach the sink. */
  expected?: { size: number; chunkSize: number; chunks: readonly string[] } | undefined;
  /** Without a manifest: which version of the file the bytes in the sink belong to (see `versionOf`). */
  version?: string | undefined;
  /** Called with the version that is being written from here on, before its first byte. */
  onVersion?: (version: string | undefined) => Promise<void>;
}

/** Tries in a row that bring nothing before it gives up. */
const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 300;
/** A connection that brings nothing for so long is dead, though nobody closed it. */
const STALL_MILLISECONDS = 15_000;
/** Written at once when there are no hashed chunks. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * @throws FailureError file-missing, network (after several tries), hash-mismatch, file-broken; the signal's reason when
 *   aborted. What the sink holds then is good, and the next call goes on behind it.
 */
export async function download(job: Download): Promise<void> {
  for (let failures = 0; ;) {
    const before = job.sink.length;
    try {
      await transfer(job);
      return;
    } catch (error) {
      job.signal?.throwIfAborted();
      if (!(error instanceof FailureError) || error.code !== 'network' || isRefusal(error.detail['status']))
        throw error;
      failures = job.sink.length > before ? 0 : failures + 1;
      if (failures === ATTEMPTS) throw error;
      await pause(PAUSE_MILLISECONDS * 2 ** failures, job.signal);
    }
  }
}

/** Asking again does not help. */
const isRefusal = (status: unknown) => typeof status === 'number' && status >= 400 && status < 500 && status !== 429;

/** Names the version of a file: ETag, else its date. undefined: the server does not say, and a part cannot be continued. */
export function versionOf(response: Response): string | undefined {
  return response.headers.get('ETag') ?? response.headers.get('Last-Modified') ?? undefined;
}

/** @throws FailureError file-missing, network */
export function checkResponse(response: Response, file: string): void {
  const { status, url } = response;
  // Servers of single-page applications answer unknown paths with their start page.
  const startPage = response.headers.get('Content-Type')?.startsWith('text/html') && !file.endsWith('.html');
  if (status === 404 || status === 410 || (response.ok && startPage)) throw new FailureError('file-missing', { file });
  if (!response.ok) throw new FailureError('network', { url, reason: `HTTP ${status}`, status });
}

/** fetch, with failures in our words. */
export async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    init.signal?.throwIfAborted();
    throw new FailureError('network', { url, reason: String(cause) }, { cause });
  }
}

async function transfer(job: Download): Promise<void> {
  const { url, file, sink, expected } = job;
  const from = sink.length;
  if (expected && from === expected.size) return;
  const stall = new AbortController();
  const signal = job.signal ? AbortSignal.any([job.signal, stall.signal]) : stall.signal;
  const alive = watch(() => stall.abort(new FailureError('network', { url, reason: 'stalled' })));
  try {
    const response = await request(url, {
      signal,
      // The HTTP cache would keep a second copy of gigabytes, and answer ranges out of bytes that failed their hash.
      cache: 'no-store',
      headers: from > 0 ? { Range: `bytes=${from}-` } : {},
    });
    alive.renew();
    if (response.status === 416) {
      sink.truncate(0);
      throw new FailureError('network', { url, reason: 'the file became shorter' });
    }
    checkResponse(response, file);
    const version = versionOf(response);
    if (from > 0 && !continues(response, from)) sink.truncate(0);
    else if (from > 0 && !expected && (version === undefined || version !== job.version)) {
      // Another version of the file: what is here is of no use. Starts again, without a range.
      await response.body?.cancel();
      alive.end();
      sink.truncate(0);
      return await transfer(job);
    }
    if (sink.length === 0) {
      job.version = version;
      await job.onVersion?.(version);
    }
    await store(job, response, alive.renew);
  } finally {
    alive.end();
  }
}

/** Whether the body begins at `from`; a server that knows no ranges sends the whole file. Content-Range is hidden across origins. */
function continues(response: Response, from: number): boolean {
  if (response.status !== 206) return false;
  const start = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  return start === undefined || Number(start) === from;
}

async function store(job: Download, response: Response, renew: () => void): Promise<void> {
  const { url, file, sink, expected } = job;
  const total = expected?.size ?? totalBytes(response, sink.length);
  const piece = allocate(Math.min(expected?.chunkSize ?? PIECE_BYTES, total ?? PIECE_BYTES));
  let filled = 0;
  const flush = async () => {
    const bytes = piece.subarray(0, filled);
    if (expected && (await sha256(bytes)) !== expected.chunks[sink.length / expected.chunkSize])
      throw new FailureError('hash-mismatch', { file });
    if (filled > 0) sink.write(bytes);
    filled = 0;
  };
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (!next || next.done) break;
      renew();
      for (let rest = next.value; rest.length > 0;) {
        if (expected && sink.length + filled + rest.length > expected.size)
          throw new FailureError('file-broken', { file, reason: `more than ${expected.size} bytes` });
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
    if (cause instanceof FailureError || cause instanceof DOMException) throw cause;
    throw new FailureError('network', { url, reason: String(cause) }, { cause });
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
  if (expected && sink.length + filled !== expected.size)
    throw new FailureError('network', { url, reason: `ended after ${sink.length + filled} of ${expected.size} bytes` });
  if (filled > 0) await flush();
}

/** Length of the whole file; undefined when the server does not say, or says how long it is compressed. */
function totalBytes(response: Response, from: number): number | undefined {
  const length = response.headers.get('Content-Length');
  return length === null || response.headers.has('Content-Encoding') ? undefined : from + Number(length);
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(Math.max(1, bytes));
  } catch (cause) {
    throw new FailureError('out-of-memory', { bytes }, { cause });
  }
}

function watch(expired: () => void): { renew: () => void; end: () => void } {
  let timer = setTimeout(expired, STALL_MILLISECONDS);
  return {
    renew() {
      clearTimeout(timer);
      timer = setTimeout(expired, STALL_MILLISECONDS);
    },
    end: () => clearTimeout(timer),
  };
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
