import { createHash, randomFillSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';

const CHUNK = 8 * 2 ** 20;

/** Resolves when more can be written, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      response.off('drain', end).off('close', end);
      resolve();
    };
    response.on('drain', end).on('close', end);
  });
}

/** Serves a package of one file of random bytes at `/package/`, with its manifest and with ranges. Nothing is read from disk. */
export function randomPackage(size: number): Plugin {
  const block = randomFillSync(Buffer.alloc(CHUNK));
  const count = Math.ceil(size / CHUNK);
  /** A chunk is its number and the block: no two are the same, and none needs memory of its own. */
  const chunk = (index: number): readonly [Buffer, Buffer] => {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(index);
    return [number, block.subarray(4, Math.min(CHUNK, size - index * CHUNK))];
  };
  const sha256 = (...parts: readonly Buffer[]) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  };
  const chunks = Array.from({ length: count }, (_, index) => sha256(...chunk(index)));
  // The store compares chunks; the hash of the whole is the name of the file among others.
  const entry = { size, sha256: sha256(Buffer.from(chunks.join(''))), chunks };
  const manifest = JSON.stringify({ chunkSize: CHUNK, files: { 'weights.onnx_data': entry } });

  async function send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [range, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(first ?? 0);
    const to = last ? Number(last) + 1 : size;
    response.writeHead(range === undefined ? 200 : 206, {
      ...{ ETag: '"1"', 'Content-Length': to - from, 'Content-Type': 'application/octet-stream' },
      ...(range !== undefined && { 'Content-Range': `bytes ${from}-${to - 1}/${size}` }),
    });
    for (let at = from; at < to && !response.destroyed;) {
      const index = Math.floor(at / CHUNK);
      const [number, rest] = chunk(index);
      const begin = at - index * CHUNK;
      const bytes =
        begin < 4 ? number.subarray(begin, to - index * CHUNK) : rest.subarray(begin - 4, to - index * CHUNK - 4);
      at += bytes.length;
      if (!response.write(bytes)) await drained(response);
    }
    response.end();
  }

  return {
    name: 'random-package',
    configurePreviewServer({ middlewares }) {
      middlewares.use('/package', (request, response) => {
        if (request.url === '/manifest.json') response.end(manifest);
        else if (request.url?.startsWith('/weights.onnx_data')) void send(request, response);
        else response.writeHead(404).end();
      });
    },
  };
}
