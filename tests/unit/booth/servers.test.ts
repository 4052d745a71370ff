/** The servers of a stick answer alike, whatever the computer has to run one. */
import { cp, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/run.ts';
import { STICK_SERVERS } from './stick-server.ts';

const SERVERS = fileURLToPath(new URL('../../../cli/booth/stick/', import.meta.url));
const WEIGHTS = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
const TYPES: readonly [string, string][] = [
  ['page/a.css', 'text/css; charset=utf-8'],
  ['page/index.html', 'text/html; charset=utf-8'],
  ['page/a.js', 'text/javascript; charset=utf-8'],
  ['page/a.json', 'application/json; charset=utf-8'],
  ['page/a.md', 'text/plain; charset=utf-8'],
  ['page/a.mjs', 'text/javascript; charset=utf-8'],
  ['page/a.png', 'image/png'],
  ['page/a.svg', 'image/svg+xml'],
  ['page/a.txt', 'text/plain; charset=utf-8'],
  ['page/a.wasm', 'application/wasm'],
  ['page/app.webmanifest', 'application/manifest+json'],
  ['page/a.woff2', 'font/woff2'],
  ['page/a.onnx_data', 'application/octet-stream'],
];

/** A stick beside a file that is not on it, in a folder with a space and Hangul in its name. */
async function stick(): Promise<string> {
  const parent = await temporaryFolder();
  await writeFile(join(parent, 'secret.txt'), 'secret');
  const folder = join(parent, 'USB 막대');
  await cp(SERVERS, folder, { recursive: true });
  await mkdir(join(folder, 'page'));
  for (const [path] of TYPES) await writeFile(join(folder, path), path);
  await writeFile(join(folder, 'weights.onnx_data'), WEIGHTS);
  await writeFile(join(folder, 'empty.json'), '');
  return folder;
}

/** `fetch` resolves ".." before it asks. */
const statusOf = (url: string, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    get(url, { path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once('error', reject);
  });

describe.each(STICK_SERVERS)('$name', ({ isHere, start }) => {
  it.skipIf(!isHere)('sends every kind of file with its type, and the headers that isolate the page', async () => {
    const url = await start(await stick());
    for (const [path, type] of TYPES) {
      const response = await fetch(url + path);
      expect(await response.text()).toBe(path);
      expect([path, response.status, response.headers.get('Content-Type')]).toEqual([path, 200, type]);
      expect(response.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
      expect(response.headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
      expect(response.headers.get('Cache-Control')).toBe('no-cache');
    }
    expect(await (await fetch(`${url}page/?kiosk&package=../packages/a/`)).text()).toBe('page/index.html');
    const empty = await fetch(`${url}empty.json`);
    expect([empty.status, await empty.text()]).toEqual([200, '']);
  });

  it.skipIf(!isHere)('sends parts of the version that was asked for', async () => {
    const url = await start(await stick());
    const ask = (headers: Record<string, string>, method = 'GET') =>
      fetch(`${url}weights.onnx_data`, { headers, method });
    const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
    const whole = await ask({}, 'HEAD');
    expect([whole.status, whole.headers.get('Content-Length'), whole.headers.get('Accept-Ranges')]).toEqual([
      200,
      '3000',
      'bytes',
    ]);
    const tag = whole.headers.get('ETag') ?? '';
    expect(tag).toMatch(/^"[^"]+"$/u);
    expect(await bytesOf(await ask({}))).toEqual(WEIGHTS);
    const part = await ask({ Range: 'bytes=10-19' });
    expect([part.status, part.headers.get('Content-Range'), part.headers.get('Content-Length')]).toEqual([
      206,
      'bytes 10-19/3000',
      '10',
    ]);
    expect(await bytesOf(part)).toEqual(WEIGHTS.subarray(10, 20));
    expect(await bytesOf(await ask({ Range: 'bytes=2990-', 'If-Range': tag }))).toEqual(WEIGHTS.subarray(2990));
    expect(await bytesOf(await ask({ Range: 'bytes=2990-9999' }))).toEqual(WEIGHTS.subarray(2990));
    const other = await ask({ Range: 'bytes=10-19', 'If-Range': '"another"' });
    expect([other.status, await bytesOf(other)]).toEqual([200, WEIGHTS]);
    const behind = await ask({ Range: 'bytes=3000-' });
    expect([behind.status, behind.headers.get('Content-Range')]).toEqual([416, 'bytes */3000']);
    expect((await ask({ 'If-None-Match': tag })).status).toBe(304);
    // The page asks over several connections at a time.
    const starts = Array.from({ length: 20 }, (_, index) => index * 100);
    const parts = await Promise.all(
      starts.map(async (from) => bytesOf(await ask({ Range: `bytes=${from}-${from + 99}` }))),
    );
    expect(parts).toEqual(starts.map((from) => WEIGHTS.subarray(from, from + 100)));
  });

  it.skipIf(!isHere)('a browser that does not read what it asked for holds up nobody else', async () => {
    const folder = await stick();
    const large = await open(join(folder, 'large.onnx_data'), 'w');
    await large.truncate(64 * 2 ** 20);
    await large.close();
    const url = await start(folder);
    const abort = new AbortController();
    const unread = await fetch(`${url}large.onnx_data`, { signal: abort.signal });
    expect(unread.headers.get('Content-Length')).toBe(String(64 * 2 ** 20));
    expect(await (await fetch(`${url}page/a.js`)).text()).toBe('page/a.js');
    abort.abort();
    // Nor does one that has gone.
    expect(await (await fetch(`${url}page/a.js`)).text()).toBe('page/a.js');
  });

  it.skipIf(!isHere)('sends nothing that lies outside of the folder', async () => {
    const url = await start(await stick());
    const outside = ['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/page/..%5c..%5c..%5csecret.txt'];
    for (const path of [...outside, '/page/%00', '/missing', '/page', '/c:/page/index.html'])
      expect([400, 404], path).toContain(await statusOf(url, path));
  });

  it.skipIf(!isHere)('answers again when the stick was pulled out and plugged in', async () => {
    const folder = await stick();
    const url = await start(folder);
    await rename(folder, `${folder} away`);
    expect((await fetch(`${url}weights.onnx_data`)).status).toBe(404);
    await rename(`${folder} away`, folder);
    expect(Buffer.from(await (await fetch(`${url}weights.onnx_data`)).arrayBuffer())).toEqual(WEIGHTS);
  });
});

it('what Windows reads in its own encoding is ASCII', async () => {
  for (const name of ['serve.cs', 'serve.ps1', 'start.bat'])
    expect(await readFile(join(SERVERS, name), 'utf8'), name).toMatch(/^[\0-\x7f]*$/u);
});
