import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FailureError, type FailureCode } from '#core/failure.ts';
import { fetchFile, fetchJson, type FileRequest } from '#core/fetch/fetch-file.ts';
import { isUnreachable } from '#core/fetch/network.ts';
import { probe } from '#core/fetch/probe.ts';
import { bytes, file, nodeNetwork, part, serveFiles, status, type FileServer } from './server.ts';

let server: FileServer;
beforeAll(async () => {
  server = await serveFiles();
});
afterAll(() => server.close());

const content = bytes(100_000);
const network = nodeNetwork();
const impatient = nodeNetwork(false, 200);
const request = (more: Partial<FileRequest> = {}): FileRequest => ({
  ...{ url: server.url, file: 'file.bin', limit: 1_000_000 },
  ...more,
});
const read = async (more?: Partial<FileRequest>, from = network) =>
  Buffer.from(await (await fetchFile(from, request(more))).arrayBuffer());

async function failure(work: Promise<unknown>): Promise<{ code: FailureCode; detail: object }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return { code: error.code, detail: error.detail };
    throw error;
  }
  throw new Error('nothing failed');
}

test('brings the file with its progress', async () => {
  server.answer(file(content));
  const seen: [number, number | undefined][] = [];
  const got = await read({ progress: (_, done, total) => seen.push([done, total]) });
  expect(got.equals(content)).toBe(true);
  expect(seen.at(-1)).toEqual([content.length, content.length]);
  expect(server.requests).toEqual(['GET']);
});

describe('tells statuses apart', () => {
  const host = () => new URL(server.url).host;
  test.each([
    [404, {}, 'file-missing', () => ({ file: 'file.bin' }), 1],
    [410, {}, 'file-missing', () => ({ file: 'file.bin' }), 1],
    [401, {}, 'gated', () => ({ id: server.url, host: host(), url: server.url, status: 401 }), 1],
    [403, {}, 'gated', () => ({ id: server.url, host: host(), url: server.url, status: 403 }), 1],
    [418, {}, 'network', () => ({ url: server.url, reason: 'HTTP 418', status: 418 }), 1],
    // Longer than a visitor waits: told at once.
    [429, { 'Retry-After': '60' }, 'rate-limited', () => ({ host: host(), url: server.url, retryAfter: 60 }), 1],
    [429, {}, 'rate-limited', () => ({ host: host(), url: server.url }), 3],
    [500, {}, 'server-error', () => ({ host: host(), url: server.url, status: 500 }), 3],
    [503, {}, 'server-error', () => ({ host: host(), url: server.url, status: 503 }), 3],
  ] as const)('%i %j', async (code, headers, expected, detail, tries) => {
    server.answer(status(code, headers));
    expect(await failure(read())).toEqual({ code: expected, detail: detail() });
    expect(server.requests).toHaveLength(tries);
    // Of a failure nothing is kept.
    server.answer(file(content));
    expect((await read()).equals(content)).toBe(true);
  });

  test('waits as long as a busy server asks, and goes on', async () => {
    server.answer(status(429, { 'Retry-After': '1' }), file(content));
    const start = performance.now();
    expect((await read()).equals(content)).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('a start page is a missing file', async () => {
    server.answer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'));
    expect(await failure(read())).toEqual({ code: 'file-missing', detail: { file: 'file.bin' } });
    expect(await failure(probe(network, request()))).toEqual({ code: 'file-missing', detail: { file: 'file.bin' } });
  });

  test('no server, and no connection at all', async () => {
    const closed = await freePort();
    const url = `http://127.0.0.1:${closed}/x`;
    const dead = await failure(fetchFile(network, request({ url })));
    expect(dead).toMatchObject({ code: 'network', detail: { url } });
    const offline = await failure(fetchFile(nodeNetwork(true), request({ url })));
    expect(offline).toEqual({ code: 'offline', detail: { url } });
  });

  test('a word about the file itself is not that nobody can be asked', () => {
    for (const code of ['offline', 'network', 'cut-off', 'gated', 'rate-limited', 'server-error'] as const)
      expect(isUnreachable(new FailureError(code))).toBe(true);
    for (const code of ['file-missing', 'too-large', 'hash-mismatch'] as const)
      expect(isUnreachable(new FailureError(code))).toBe(false);
  });
});

describe('a connection that breaks', () => {
  test.each(['cut', 'stall'] as const)('by a %s: goes on behind what is there', async (end) => {
    server.answer(part(content, 40_000, end), file(content));
    expect((await read({}, end === 'stall' ? impatient : network)).equals(content)).toBe(true);
    expect(server.requests).toEqual(['GET', 'GET bytes=40000-']);
  });

  test('again and again, bringing nothing: gives up', async () => {
    server.answer(part(content, 0, 'stall'));
    expect(await failure(read({}, impatient))).toEqual({
      code: 'network',
      detail: { url: server.url, reason: 'stalled' },
    });
    expect(server.requests).toHaveLength(3);
  });

  test('before an answer: a HEAD gives up too', async () => {
    server.answer(() => undefined);
    expect(await failure(probe(impatient, request()))).toMatchObject({
      code: 'network',
      detail: { reason: 'stalled' },
    });
  });

  test('where the server knows no ranges: starts again', async () => {
    const whole = file(content);
    server.answer(part(content, 40_000, 'cut'), (asked, response) => {
      delete asked.headers.range;
      whole(asked, response);
    });
    expect((await read()).equals(content)).toBe(true);
  });

  test('where the file is another meanwhile: never glues two versions together', async () => {
    const other = bytes(100_000, 7);
    server.answer(part(content, 40_000, 'cut'), file(other, '"2"'), file(other, '"2"'));
    expect((await read()).equals(other)).toBe(true);
    expect(server.requests).toEqual(['GET', 'GET bytes=40000-', 'GET']);
  });

  test('where no version is told: starts again', async () => {
    const nameless = (from: number, to?: number) => (_: unknown, response: import('node:http').ServerResponse) => {
      response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': content.length - from });
      if (to === undefined) response.end(content.subarray(from));
      else response.write(content.subarray(from, to), () => setTimeout(() => response.destroy(), 50));
    };
    server.answer(nameless(0, 40_000), nameless(40_000), nameless(0));
    expect((await read()).equals(content)).toBe(true);
    expect(server.requests).toEqual(['GET', 'GET bytes=40000-', 'GET']);
  });
});

describe('size', () => {
  test('that the server tells is refused before a byte is read', async () => {
    server.answer(part(content, 0, 'stall'));
    const detail = { file: 'file.bin', bytes: content.length, limit: 99_999 };
    expect(await failure(read({ limit: 99_999 }))).toEqual({ code: 'too-large', detail });
  });

  test('that the server does not tell is refused when it is reached', async () => {
    server.answer((_, response) => {
      response.writeHead(200);
      const send = () => response.write(content, () => setTimeout(send, 1));
      send();
      response.on('close', () => response.destroy());
    });
    expect(await failure(read({ limit: 300_000 }))).toMatchObject({ code: 'too-large', detail: { limit: 300_000 } });
  });
});

test('stops at once while nothing arrives, with the reason of whoever stopped it', async () => {
  server.answer(part(content, 10, 'stall'));
  const stop = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => stop.abort(reason), 50);
  await expect(read({ signal: stop.signal })).rejects.toBe(reason);
});

test('stops in the pause between two tries', async () => {
  server.answer(status(503));
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 150);
  // If the pause went on, it would outlast the test.
  const patient = { ...network, pauseMilliseconds: 600_000 };
  await expect(fetchFile(patient, request({ signal: stop.signal }))).rejects.toThrow('enough');
});

test('JSON that is none is a broken file', async () => {
  server.answer(file(Buffer.from('{"a":1}')), file(Buffer.from('{"a":')));
  expect(await fetchJson(network, request())).toEqual({ a: 1 });
  expect(await failure(fetchJson(network, request()))).toEqual({
    code: 'file-broken',
    detail: { file: 'file.bin', reason: 'not JSON' },
  });
});

async function freePort(): Promise<number> {
  const probeServer = createServer();
  await new Promise<void>((resolve) => probeServer.listen(0, '127.0.0.1', resolve));
  const address = probeServer.address();
  await new Promise((resolve) => probeServer.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
