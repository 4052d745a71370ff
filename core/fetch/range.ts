/** Bytes out of the middle of a file on a server. */
import { FailureError } from '../failure.ts';
import { bodyReader } from './body-reader.ts';
import { allocate } from './fetch-file.ts';
import { checkResponse, connectionFailure, discardBody, send, StallWatch, versionOf, type Network } from './network.ts';
import { bodyStart, lengthOfFile } from './response-range.ts';
import { ATTEMPTS, pause, retryPause } from './retry.ts';

/** A file on a server as it was when it was first asked for. */
export interface RemoteFile {
  url: string;
  /** Name for messages. */
  file: string;
  size: number;
  /** See `versionOf`; undefined where the server sends none. */
  version: string | undefined;
}

/**
 * The bytes from `begin` up to, not including, `end`. A connection that breaks is continued at the next byte.
 * @param onBytes called with the number of bytes of each piece that arrives
 * @param into is filled from its beginning, and may be longer; default: a fresh buffer
 * @throws FailureError as `fetchFile`; `checkpoint-changed` if the server has another version of the file; `no-ranges` if it sends whole
 *   files only; the signal's reason when aborted
 */
export async function fetchRange(
  network: Network,
  remote: RemoteFile,
  begin: number,
  end: number,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
  into?: ArrayBuffer,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = into ? new Uint8Array(into, 0, end - begin) : allocate(end - begin).subarray(0, end - begin);
  let filled = 0;
  for (let failures = 0; filled < bytes.length;) {
    signal.throwIfAborted();
    const before = filled;
    try {
      await readInto(network, remote, begin + filled, end, signal, (piece) => {
        bytes.set(piece, filled);
        filled += piece.length;
        onBytes(piece.length);
      });
    } catch (error) {
      signal.throwIfAborted();
      failures = filled > before ? 0 : failures + 1;
      const wait = error instanceof FailureError ? retryPause(network, error, failures) : undefined;
      if (wait === undefined || failures === ATTEMPTS) throw error;
      await pause(wait, signal);
    }
  }
  return bytes;
}

async function readInto(
  network: Network,
  { url, file, size, version }: RemoteFile,
  from: number,
  end: number,
  signal: AbortSignal,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const watch = new StallWatch(network, url, signal);
  try {
    const headers = { Range: `bytes=${from}-${end - 1}` };
    const response = await send(network, url, { signal: watch.signal, cache: 'no-store', headers });
    watch.renew();
    const refuse = (error: FailureError) => {
      discardBody(response);
      return error;
    };
    // A range beyond the end: the file became shorter.
    if (response.status === 416) throw refuse(new FailureError('checkpoint-changed', { file }));
    checkResponse(network, response, url, file);
    const found = versionOf(response);
    if (version !== undefined && found !== undefined && found !== version)
      throw refuse(new FailureError('checkpoint-changed', { file }));
    const total = lengthOfFile(response);
    if (total !== undefined && total !== size) throw refuse(new FailureError('checkpoint-changed', { file }));
    if (response.status !== 206 && !(from === 0 && end === size))
      throw refuse(new FailureError('no-ranges', { url, file }));
    const start = bodyStart(response, from);
    if (start !== from)
      throw refuse(new FailureError('network', { url, reason: `byte ${start} came in place of byte ${from}` }));
    const reader = bodyReader(response.body);
    let at = from;
    try {
      while (at < end) {
        let piece: Uint8Array<ArrayBuffer> | undefined;
        try {
          watch.renew();
          piece = await reader?.read();
        } catch (cause) {
          watch.signal.throwIfAborted();
          throw connectionFailure(network, url, cause);
        }
        if (!piece) throw new FailureError('cut-off', { file, bytes: at, total: size });
        const wanted = piece.subarray(0, end - at);
        take(wanted);
        at += wanted.length;
      }
    } finally {
      void reader?.cancel().catch(() => undefined);
    }
  } finally {
    watch.end();
  }
}
