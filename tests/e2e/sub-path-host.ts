/** A static host as GitHub Pages is one for a project: the page stands in a folder, and nothing beside it answers. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
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
  close: () => Promise<void>;
}

/** @param path of the folder, such as `/medgemma-ko-lab/` */
export async function subPathHost(folder: string, path: string): Promise<SubPathHost> {
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const asked = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
    const inside = asked.startsWith(path) ? asked.slice(path.length) : undefined;
    const file = inside === '' ? 'index.html' : inside;
    const bytes = file === undefined ? Promise.reject(new Error('outside')) : readFile(join(folder, file));
    bytes.then(
      (bytes) => {
        response.writeHead(200, { 'Content-Type': TYPES[extname(file ?? '')] ?? 'application/octet-stream' });
        response.end(request.method === 'HEAD' ? undefined : bytes);
      },
      () => {
        missing.push(asked);
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
    url: `http://localhost:${address.port}${path}`,
    missing,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
