// Serves the folder that this file is in, to this computer only: node serve.mjs [PORT]
// 이 파일이 있는 폴더를 이 컴퓨터에만 내보냅니다: node serve.mjs [포트]
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
const port = Number(process.argv[2] ?? 8765);
const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** The file that an address names; undefined where it leads out of the folder or there is none. */
async function fileAt(url) {
  try {
    const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
    if (path.includes('\0') || path.split(sep).includes('..')) return undefined;
    const file = join(root, path.endsWith(sep) ? `${path}index.html` : path);
    const found = await stat(file);
    return found.isFile() ? { file, size: found.size, tag: `"${found.size}-${Math.round(found.mtimeMs)}"` } : undefined;
  } catch {
    return undefined;
  }
}

/** Of `Range: bytes=FIRST-LAST`; undefined for the whole file. */
function rangeOf({ range, 'if-range': version }, { size, tag }) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === undefined || (version !== undefined && version !== tag)) return undefined;
  return { start: Number(first), end: Math.min(last ? Number(last) : size - 1, size - 1) };
}

const server = createServer(async (request, response) => {
  const found = await fileAt(request.url);
  if (!found) return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
  const range = rangeOf(request.headers, found);
  const headers = {
    'Content-Type': types[extname(found.file)] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
    'Accept-Ranges': 'bytes',
    ETag: found.tag,
    // With these the page may use several threads where there is no GPU.
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  if (request.headers['if-none-match'] === found.tag && !range) return response.writeHead(304, headers).end();
  if (range && range.start > range.end)
    return response.writeHead(416, { ...headers, 'Content-Range': `bytes */${found.size}` }).end();
  const { start, end } = range ?? { start: 0, end: found.size - 1 };
  if (range) headers['Content-Range'] = `bytes ${start}-${end}/${found.size}`;
  response.writeHead(range ? 206 : 200, { ...headers, 'Content-Length': end - start + 1 });
  if (request.method === 'HEAD' || found.size === 0) return response.end();
  const stream = createReadStream(found.file, { start, end });
  // The stick was pulled out, or the browser has gone.
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
});

server.on('error', (error) => {
  console.error(
    error.code === 'EADDRINUSE' ? `port ${port} is in use; try: node serve.mjs ${port + 1}` : error.message,
  );
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => {
  console.log(`http://localhost:${server.address().port}/   (Ctrl+C)`);
});
