/** Serves a built page and a package on localhost, with ranges, and can be told to interrupt the download at a byte. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' },
  ...{ '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' },
};
/** Files of a package below this are small: config, tokenizer, graphs. */
const LARGE_BYTES = 32 * 2 ** 20;

export interface Interruption {
  /** Bytes of large files of the package that have been sent by then. */
  at: number;
  how: () => void;
}

export class CuttingServer {
  readonly url: string;
  /** Bytes of the package's large files that were sent. */
  sentBytes = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #streams = new Set<ServerResponse>();
  #interruptions: Interruption[] = [];

  private constructor(server: ReturnType<typeof createServer>, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/`;
  }

  /** @param dist folder of the built page @param folder of the package, served at `package/` */
  static async start(dist: string, folder: string): Promise<CuttingServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const made = new CuttingServer(server, address.port);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void made.#answer(dist, folder, request, response).catch(() => response.destroy());
    });
    return made;
  }

  /** In ascending order of bytes. */
  interrupt(...interruptions: Interruption[]): void {
    this.#interruptions = interruptions;
  }

  /** Cuts every connection that carries a large file. */
  cut(): void {
    for (const response of this.#streams) response.destroy();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(dist: string, folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', this.url).pathname));
    const isPackage = path.startsWith('/package/');
    const inner = isPackage ? path.slice('/package'.length) : path.endsWith('/') ? `${path}index.html` : path;
    const file = join(isPackage ? folder : dist, inner);
    const found = path.split(sep).includes('..') ? undefined : await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    const { size } = found;
    const [range, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(first ?? 0);
    const to = last ? Math.min(size, Number(last) + 1) : size;
    response.writeHead(range === undefined ? 200 : 206, {
      ...{ ETag: `"${found.mtimeMs}-${size}"`, 'Accept-Ranges': 'bytes', 'Content-Length': to - from },
      'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
      ...(range !== undefined && { 'Content-Range': `bytes ${from}-${to - 1}/${size}` }),
    });
    if (request.method === 'HEAD' || to <= from) {
      response.end();
      return;
    }
    const stream = createReadStream(file, { start: from, end: to - 1, highWaterMark: 512 * 1024 });
    response.on('close', () => {
      stream.destroy();
      this.#streams.delete(response);
    });
    if (isPackage && size >= LARGE_BYTES) {
      this.#streams.add(response);
      stream.on('data', (piece) => this.#count(piece.length));
    }
    stream.on('error', () => response.destroy());
    stream.pipe(response);
  }

  #count(bytes: number): void {
    this.sentBytes += bytes;
    const [next] = this.#interruptions;
    if (!next || this.sentBytes < next.at) return;
    this.#interruptions.shift();
    next.how();
  }
}
