/** A static host as GitHub Pages is one for a project: the page stands in a folder, and nothing beside it answers. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';

/** What Pages announces; the rest is application/octet-stream. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'application/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

export interface SubPathHost {
  /** Address of the page, with the folder and "/". */
  url: string;
  /** Paths that were asked for and are not there, as asked for. */
  missing: string[];
  /** Paths inside the folder that were asked for. */
  asked: string[];
  /** What is served in place of a file of the folder, or beside its files, by path. */
  instead: Map<string, Buffer>;
  close: () => Promise<void>;
}

/**
 * @param base path of the folder, such as `/medgemma-ko-lab/`
 * @param own answers for a path in the folder itself where it returns true
 */
export async function subPathHost(
  folder: string,
  base: string,
  own: (file: string, request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<SubPathHost> {
  const missing: string[] = [];
  const asked: string[] = [];
  const instead = new Map<string, Buffer>();
  const read = async (file: string | undefined): Promise<Buffer> => {
    if (file === undefined) throw new Error('outside');
    return instead.get(file) ?? readFile(join(folder, file));
  };
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
    const inside = path.startsWith(base) ? path.slice(base.length) : undefined;
    const file = inside === '' ? 'index.html' : inside;
    if (file !== undefined) asked.push(file);
    if (file !== undefined && own(file, request, response)) return;
    read(file).then(
      (bytes) => {
        response.writeHead(200, { 'Content-Type': TYPES[extname(file ?? '')] ?? 'application/octet-stream' });
        response.end(request.method === 'HEAD' ? undefined : bytes);
      },
      () => {
        missing.push(path);
        response
          .writeHead(404, { 'Content-Type': 'text/html; charset=utf-8' })
          .end('<!doctype html><title>404</title>');
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return {
    url: `http://localhost:${address.port}${base}`,
    missing,
    asked,
    instead,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
