import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Network } from '#core/fetch/network.ts';

export interface FileServer {
  url: string;
  /** Of each request: method and Range. */
  requests: string[];
  /** Answers the next requests one after the other, the last of them all that follow. */
  answer(...answers: RequestListener[]): void;
  close(): Promise<void>;
}

export async function serveFiles(): Promise<FileServer> {
  const requests: string[] = [];
  let answers: RequestListener[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.headers.range ?? ''}`.trim());
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/file.bin`,
    requests,
    answer(...next) {
      requests.length = 0;
      answers = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * Node's own connection; pauses are short. Where a server is to stall a test gives up soon; elsewhere late, since on a busy machine
 * an answer takes its time.
 */
export function nodeNetwork(isOffline = false, stallMilliseconds = 20_000): Network {
  return {
    fetch: (url, request) => fetch(url, request),
    isOffline: () => isOffline,
    stallMilliseconds,
    pauseMilliseconds: 5,
  };
}

export const bytes = (length: number, seed = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + seed + (at >> 8)) & 255));

export const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(code, headers).end();

/** First byte, and byte behind the last, of what a Range asks for; of the whole file without one. */
export function asked(request: IncomingMessage, length: number): { from: number; to: number; isRange: boolean } {
  const [range, from, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  return {
    from: Number(from ?? 0),
    to: last ? Math.min(Number(last) + 1, length) : length,
    isRange: range !== undefined,
  };
}

/** Status and headers of an answer with these bytes of the file. */
export function writeHead(
  response: ServerResponse,
  { from, to, isRange }: { from: number; to: number; isRange: boolean },
  length: number,
  etag: string,
): void {
  const range: Record<string, string> = isRange ? { 'Content-Range': `bytes ${from}-${to - 1}/${length}` } : {};
  response.writeHead(isRange ? 206 : 200, { ETag: etag, 'Content-Length': to - from, ...range });
}

/** The file, or what a Range asks of it; all of it where If-Range names another version. */
export const file =
  (content: Buffer, etag = '"1"'): RequestListener =>
  (request, response) => {
    if (request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag) delete request.headers.range;
    const wanted = asked(request, content.length);
    writeHead(response, wanted, content.length, etag);
    response.end(content.subarray(wanted.from, wanted.to));
  };

/** So many bytes, and then the connection is cut, or nothing more comes. */
export const part =
  (content: Buffer, length: number, end: 'cut' | 'stall', etag = '"1"'): RequestListener =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { ETag: etag, 'Content-Length': content.length });
    response.write(content.subarray(0, length), () => {
      // Later, so that what was written arrives.
      if (end === 'cut') setTimeout(() => response.destroy(), 50);
    });
  };
