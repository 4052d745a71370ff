/** Servers that do less than they should, or ask for more: real ones, over HTTP. */
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FailureError, type Failure } from '#core/failure.ts';
import { authorized } from '#core/fetch/authorization.ts';
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { checkResponse, type HttpResponse } from '#core/fetch/network.ts';
import { probe } from '#core/fetch/probe.ts';
import { bytes, file, nodeNetwork, part, serveFiles, status, type FileServer } from './server.ts';

let server: FileServer;
let storage: FileServer;
beforeAll(async () => {
  server = await serveFiles();
  storage = await serveFiles();
});
afterAll(async () => {
  await server.close();
  await storage.close();
});

const content = bytes(100_000);
const network = nodeNetwork();
const request = () => ({ url: server.url, file: 'file.bin', limit: 1_000_000 });

async function failure(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('nothing failed');
}

async function read(): Promise<Buffer> {
  return Buffer.from(await (await fetchFile(network, request())).arrayBuffer());
}

/** At most so many bytes of what is asked for, as some caches send them. */
function slices(length: number, total: number | '*' = content.length): RequestListener {
  return (asked, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(asked.headers.range ?? '')?.[1] ?? 0);
    const slice = content.subarray(from, from + length);
    response.writeHead(206, {
      ETag: '"1"',
      'Content-Length': slice.length,
      'Content-Range': `bytes ${from}-${from + slice.length - 1}/${total}`,
    });
    response.end(slice);
  };
}

describe('a server that sends less than it was asked for', () => {
  test('in slices: is asked for the rest of each', async () => {
    server.answer(slices(30_000));
    expect((await read()).equals(content)).toBe(true);
    expect(server.requests).toEqual(['GET', 'GET bytes=30000-', 'GET bytes=60000-', 'GET bytes=90000-']);
  });

  test('and breaks off each time at the same byte: says how far it came', async () => {
    server.answer(part(content, 40_000, 'cut'));
    expect(await failure(fetchFile(network, request()))).toEqual({
      code: 'cut-off',
      detail: { file: 'file.bin', bytes: 40_000, total: 100_000 },
    });
  });

  test('of another place in the file: nothing is glued together', async () => {
    const elsewhere: RequestListener = (_, response) => {
      response.writeHead(206, { ETag: '"1"', 'Content-Range': 'bytes 50000-99999/100000', 'Content-Length': 50_000 });
      response.end(content.subarray(50_000));
    };
    server.answer(part(content, 40_000, 'cut'), elsewhere, file(content));
    expect((await read()).equals(content)).toBe(true);
    expect(server.requests).toEqual(['GET', 'GET bytes=40000-', 'GET']);
  });

  test('no content at all is no empty file', async () => {
    server.answer(status(204));
    expect(await failure(fetchFile(network, request()))).toMatchObject({ code: 'network', detail: { status: 204 } });
  });
});

describe('a server without HEAD', () => {
  const withoutHead =
    (code: number, get: RequestListener): RequestListener =>
    (asked, response) =>
      asked.method === 'HEAD' ? response.writeHead(code).end() : get(asked, response);

  test.each([405, 501])('%i: the file is found by a GET of one byte', async (code) => {
    server.answer(withoutHead(code, file(content, '"7"')));
    expect(await probe(network, request())).toEqual({ version: '"7"', size: content.length });
    expect(server.requests).toEqual(['HEAD', 'GET bytes=0-0']);
    server.answer(withoutHead(code, status(404)));
    expect((await failure(probe(network, request()))).code).toBe('file-missing');
    // An empty file has no first byte.
    server.answer(withoutHead(code, status(416, { ETag: '"8"' })));
    expect(await probe(network, request())).toEqual({ version: '"8"', size: 0 });
  });
});

test('a server that asks for patience until a time of day is understood by its own clock', async () => {
  const date = new Date('2020-01-01T00:00:00Z');
  const until = new Date(date.getTime() + 90_000).toUTCString();
  server.answer(status(429, { Date: date.toUTCString(), 'Retry-After': until }));
  expect(await failure(fetchFile(network, request()))).toMatchObject({
    code: 'rate-limited',
    detail: { retryAfter: 90 },
  });
});

test('the body of a refusal is cancelled, so that its connection is free', () => {
  for (const code of [401, 404, 418, 429, 500]) {
    let isCancelled = false;
    const response: HttpResponse = {
      ...{ ok: false, status: code, url: 'https://example.org/x', headers: new Headers() },
      body: {
        getReader: () => {
          throw new Error('not read');
        },
        cancel: () => {
          isCancelled = true;
          return Promise.resolve();
        },
      },
    };
    expect(() => checkResponse(network, response, response.url, 'x')).toThrow(FailureError);
    expect(isCancelled).toBe(true);
  }
});

describe('a gated repository', () => {
  const token = 'hf_secret';
  const withToken = () => authorized(network, server.url, token);
  const seen: (string | undefined)[] = [];
  const gate: RequestListener = (asked, response) => {
    seen.push(asked.headers.authorization);
    if (asked.headers.authorization === `Bearer ${token}`) file(content)(asked, response);
    else response.writeHead(401).end('Access to model is restricted');
  };

  test('opens with the token, and says without one where its terms are', async () => {
    server.answer(gate);
    expect(await failure(fetchFile(network, request()))).toMatchObject({ code: 'gated', detail: { status: 401 } });
    const blob = await fetchFile(withToken(), request());
    expect(blob.size).toBe(content.length);
    expect(await probe(withToken(), request())).toEqual({ version: '"1"', size: content.length });
    const page = { ok: false, status: 403, headers: new Headers(), body: null };
    const url = 'https://huggingface.co/google/medgemma-4b-it/resolve/main/config.json';
    expect(() => checkResponse(network, { ...page, url }, url, 'config.json')).toThrow(
      expect.objectContaining({
        detail: {
          id: 'google/medgemma-4b-it',
          host: 'huggingface.co',
          url,
          status: 403,
          page: 'https://huggingface.co/google/medgemma-4b-it',
        },
      }),
    );
  });

  test('tells a token that was refused from one that was not given', async () => {
    server.answer(status(403));
    expect((await failure(fetchFile(withToken(), request()))).detail).toMatchObject({ status: 403, token: 'sent' });
    expect((await failure(fetchFile(network, request()))).detail).not.toHaveProperty('token');
  });

  test('its storage on another host never gets the token', async () => {
    seen.length = 0;
    storage.answer((asked, response) => {
      seen.push(asked.headers.authorization);
      file(content)(asked, response);
    });
    server.answer((asked, response) => {
      seen.push(asked.headers.authorization);
      response.writeHead(302, { Location: storage.url }).end();
    });
    expect((await fetchFile(withToken(), request())).size).toBe(content.length);
    expect(seen).toEqual([`Bearer ${token}`, undefined]);
    // Asked for directly, too.
    seen.length = 0;
    await fetchFile(withToken(), { ...request(), url: storage.url });
    expect(seen).toEqual([undefined]);
  });

  test.each([
    'https://huggingface.co.example.org/x',
    'https://huggingface.co@example.org/x',
    'http://huggingface.co/x',
    'https://huggingface.co:444/x',
    'https://cdn-lfs.huggingface.co/x',
    'https://example.org/?https://huggingface.co/',
  ])('another origin is another: %s', (url) => {
    expect(authorized(network, 'https://huggingface.co/a/b/', token).tokenFor?.(url)).toBeUndefined();
    expect(authorized(network, 'https://huggingface.co/a/b/', token).tokenFor?.('https://HuggingFace.co/c')).toBe(
      token,
    );
  });
});
