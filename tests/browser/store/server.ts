/**
 * A web server for model packages that can misbehave: a Vite plugin, so that the browser reaches it over real HTTP.
 * `PUT /package/<id>/` with a Setup as JSON makes a package; `GET /package/<id>/?log` tells what was asked for.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import { contentOf, type LogEntry, type Setup } from './setup.ts';

interface Package extends Setup {
  log: LogEntry[];
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function manifestOf({ files, seed, chunkSize, links = {} }: Setup): Uint8Array {
  const named = {
    ...files,
    ...Object.fromEntries(Object.entries(links).map(([name, file]) => [name, files[file] ?? 0])),
  };
  const entries = Object.entries(named).map(([name, size]) => {
    const path = links[name] ?? name;
    const bytes = contentOf(path, size, seed);
    const chunks = Array.from({ length: Math.ceil(size / chunkSize) }, (_, i) =>
      sha256(bytes.subarray(i * chunkSize, (i + 1) * chunkSize)),
    );
    return [name, { size, sha256: sha256(bytes), chunks }];
  });
  return Buffer.from(JSON.stringify({ chunkSize, files: Object.fromEntries(entries) }));
}

export function packageServer(): Plugin {
  const packages = new Map<string, Package>();
  return {
    name: 'package-server',
    configureServer(server) {
      server.middlewares.use('/package', (request, response, next) => {
        // /package.json begins with it too, and is ours to import.
        if (request.originalUrl?.startsWith('/package/') !== true) return next();
        const [, id = '', ...rest] = new URL(request.url ?? '', 'http://localhost').pathname.split('/');
        const known = packages.get(id);
        if (request.method === 'PUT') {
          void readBody(request).then((body) => {
            const setup: Setup = JSON.parse(body);
            // A second setup of the same package goes on with its log: a later visit, a new version.
            packages.set(id, { ...setup, log: known?.log ?? [] });
            response.end();
          });
        } else if (request.url?.endsWith('?log')) response.end(JSON.stringify(known?.log ?? []));
        else if (known && !known.gone) serve(known, rest.map(decodeURIComponent).join('/'), request, response);
        else request.socket.destroy();
      });
    },
  };
}

function serve(pack: Package, path: string, request: IncomingMessage, response: ServerResponse): void {
  const { files, seed, chunkSize, faults = [] } = pack;
  const entry: LogEntry = { method: request.method ?? '', path, range: request.headers.range, sent: 0 };
  pack.log.push(entry);
  const length = files[path];
  const isManifest = path === 'manifest.json' && chunkSize > 0;
  if (length === undefined && !isManifest) {
    response.writeHead(pack.startPage ? 200 : 404, { 'Content-Type': 'text/html' });
    response.end('<!doctype html>');
    return;
  }
  let bytes = isManifest ? manifestOf(pack) : contentOf(path, length ?? 0, seed);
  const fault = faults.find((one) => one.path === path && one.times > 0 && request.method === 'GET');
  if (fault) fault.times--;
  if (fault?.type === 'status') {
    response.writeHead(fault.status);
    response.end();
    return;
  }
  if (fault?.type === 'wrong') {
    bytes = Uint8Array.from(bytes);
    bytes[fault.at] = (bytes[fault.at] ?? 0) ^ 1;
  }
  const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' };
  if (!pack.noVersions) headers['ETag'] = `"${sha256(bytes).slice(0, 16)}"`;
  const [, from, last] = pack.noRanges ? [] : (/^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []);
  const body = bytes.subarray(Number(from ?? 0), last ? Number(last) + 1 : bytes.length);
  headers['Content-Length'] = String(body.length);
  if (from !== undefined) headers['Content-Range'] = `bytes ${from}-${Number(from) + body.length - 1}/${bytes.length}`;
  response.writeHead(from === undefined ? 200 : 206, headers);
  if (request.method === 'HEAD') {
    response.end();
  } else if (fault?.type === 'cut' || fault?.type === 'hang') {
    entry.sent = fault.after;
    // The bytes must be on their way before the line is cut.
    response.write(body.subarray(0, fault.after), () => {
      if (fault.type === 'cut') setTimeout(() => request.socket.destroy(), 200);
    });
  } else {
    entry.sent = body.length;
    response.end(body);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text;
}
