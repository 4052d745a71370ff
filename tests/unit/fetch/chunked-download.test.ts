/** Downloads in chunks, from servers that cut, lie, stall and change their mind: real ones, over HTTP. */
import type { RequestListener, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FailureError, type Failure } from '#core/failure.ts';
import { downloadChunks } from '#core/fetch/chunked-download.ts';
import { OtherVersionError, type ChunkedDownload } from '#core/fetch/chunked-job.ts';
import { chunkedJob, HashedTarget } from './chunks.ts';
import { asked, bytes, file, nodeNetwork, serveFiles, status, writeHead, type FileServer } from './server.ts';

const CHUNK = 1000;
const content = bytes(10 * CHUNK + 123);
const network = nodeNetwork();
const impatient = nodeNetwork(false, 200);
let server: FileServer;
let target: HashedTarget;
beforeAll(async () => {
  server = await serveFiles();
});
afterAll(() => server.close());
beforeEach(() => {
  target = new HashedTarget(content, CHUNK);
});

const read = (more: Partial<ChunkedDownload> = {}, from = network) =>
  downloadChunks(from, chunkedJob(server.url, content, CHUNK, target, more));

async function failure(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('nothing failed');
}

/** Of what is asked for so many bytes, then the connection is cut or nothing more comes. */
const broken =
  (length: number, end: 'cut' | 'stall', from = content): RequestListener =>
  (request, response) => {
    const wanted = asked(request, from.length);
    writeHead(response, wanted, from.length, '"1"');
    const part = from.subarray(wanted.from, Math.min(wanted.from + length, wanted.to));
    if (part.length === wanted.to - wanted.from) return void response.end(part);
    response.write(part, () => {
      if (end === 'cut') setTimeout(() => response.destroy(), 20);
    });
    // An empty write would send nothing, not even the headers.
    if (part.length === 0) response.flushHeaders();
  };

const spoiled = (at: number): Buffer => {
  const other = Buffer.from(content);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
};

test('brings a small file with one plain request, and its progress', async () => {
  server.answer(file(content));
  const seen: [number, number | undefined][] = [];
  await read({ progress: (_, done, total) => seen.push([done, total]) });
  expect(target.bytes.equals(content)).toBe(true);
  expect(server.requests).toEqual(['GET']);
  expect(seen[0]).toEqual([0, content.length]);
  expect(seen.at(-1)).toEqual([content.length, content.length]);
  expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
});

test('asks for nothing when every chunk is there, and only for what is missing', async () => {
  server.answer(file(content));
  await read();
  server.answer(file(content));
  await read();
  expect(server.requests).toEqual([]);
  for (const index of [2, 3, 10]) target.kept.delete(index);
  await read();
  expect(server.requests.sort()).toEqual(['GET bytes=10000-10122', 'GET bytes=2000-3999']);
  expect(target.bytes.equals(content)).toBe(true);
});

describe('a large file', () => {
  const MIB = 2 ** 20;
  const large = Buffer.alloc(32 * MIB, 7);
  const many = new HashedTarget(large, MIB);

  test('comes over four connections at once, each with its own range', async () => {
    let open = 0;
    let most = 0;
    const serve = file(large);
    const requests: string[] = [];
    server.answer((request, response) => {
      requests.push(request.headers.range ?? '');
      most = Math.max(most, ++open);
      response.on('close', () => open--);
      serve(request, response);
    });
    await downloadChunks(network, chunkedJob(server.url, large, MIB, many));
    expect(requests.sort()).toEqual([0, 8, 16, 24].map((at) => `bytes=${at * MIB}-${(at + 8) * MIB - 1}`).sort());
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    expect(many.bytes.equals(large)).toBe(true);
  });

  test('comes over one connection from a server without ranges', async () => {
    const target = new HashedTarget(large, MIB);
    server.answer((_, response) => response.writeHead(200, { 'Content-Length': large.length }).end(large));
    await downloadChunks(network, chunkedJob(server.url, large, MIB, target));
    expect(server.requests).toEqual(['GET bytes=0-8388607']);
    expect(target.bytes.equals(large)).toBe(true);
  });
});

describe('a connection that breaks', () => {
  test('at any byte: the next request asks for the very next one', async () => {
    for (const at of [1, 999, 1000, 1001, 4321, content.length - 1]) {
      target = new HashedTarget(content, CHUNK);
      server.answer(broken(at, 'cut'), file(content));
      await read();
      expect(target.bytes.equals(content)).toBe(true);
      expect(server.requests).toEqual(['GET', `GET bytes=${at}-${content.length - 1}`]);
    }
  });

  test('after every few bytes: still comes to the end', async () => {
    server.answer(broken(1500, 'cut'));
    await read();
    expect(target.bytes.equals(content)).toBe(true);
    expect(server.requests).toHaveLength(7);
  });

  test('by a stall: is given up, and the rest asked for again', async () => {
    server.answer(broken(2500, 'stall'), file(content));
    await read({}, impatient);
    expect(server.requests).toEqual(['GET', `GET bytes=2500-${content.length - 1}`]);
    expect(target.bytes.equals(content)).toBe(true);
  });

  test('again and again, bringing nothing: fails, and what came is kept', async () => {
    server.answer(broken(2500, 'cut'), broken(0, 'cut'));
    expect((await failure(read())).code).toBe('network');
    expect(server.requests).toHaveLength(4);
    expect(target.bytes.equals(content.subarray(0, 2000))).toBe(true);
    server.answer(file(content));
    await read();
    expect(server.requests).toEqual([`GET bytes=2000-${content.length - 1}`]);
    expect(target.bytes.equals(content)).toBe(true);
  });

  test('before an answer: fails after three tries', async () => {
    server.answer(status(503));
    expect(await failure(read())).toMatchObject({ code: 'server-error', detail: { status: 503 } });
    expect(server.requests).toHaveLength(3);
  });

  test('from a server without ranges: known chunks are not taken twice', async () => {
    const whole: RequestListener = (request, response) => {
      delete request.headers.range;
      file(content)(request, response);
    };
    server.answer(broken(4500, 'cut'), whole);
    const taken: number[] = [];
    const take = target.take.bind(target);
    target.take = (index, part) => {
      taken.push(index);
      return take(index, part);
    };
    await read();
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(target.bytes.equals(content)).toBe(true);
  });

  test('of another place in the file: nothing is glued together', async () => {
    const elsewhere: RequestListener = (_, response) => {
      response.writeHead(206, { 'Content-Range': `bytes 7-106/${content.length}`, 'Content-Length': 100 });
      response.end(content.subarray(7, 107));
    };
    server.answer(broken(2500, 'cut'), elsewhere, file(content));
    await read();
    expect(target.bytes.equals(content)).toBe(true);
  });

  test('in slices shorter than asked for: is asked for the rest of each', async () => {
    server.answer((request, response) => {
      const { from } = asked(request, content.length);
      const to = Math.min(from + 4000, content.length);
      writeHead(response, { from, to, isRange: true }, content.length, '"1"');
      response.end(content.subarray(from, to));
    });
    await read();
    expect(target.bytes.equals(content)).toBe(true);
  });
});

describe('a chunk with a wrong byte', () => {
  test('is fetched again alone', async () => {
    server.answer(file(spoiled(3 * CHUNK + 7)), file(content));
    await read();
    expect(server.requests).toEqual(['GET', 'GET bytes=3000-3999']);
    expect(target.refused).toEqual([3]);
    expect(target.bytes.equals(content)).toBe(true);
  });

  test('three times: is a file of another kind than the manifest says; right chunks are kept', async () => {
    server.answer(file(spoiled(3 * CHUNK + 7)));
    expect(await failure(read())).toEqual({ code: 'hash-mismatch', detail: { file: 'file.bin' } });
    expect(target.refused).toEqual([3, 3, 3]);
    expect([...target.kept.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe('length', () => {
  const twice = (length: number) => Buffer.concat([content, content]).subarray(0, length);

  test('that the server tells is no more and no less than expected', async () => {
    for (const length of [content.length - 1, content.length + 1]) {
      server.answer(file(twice(length)));
      const detail = { file: 'file.bin', bytes: length, expected: content.length };
      expect(await failure(read())).toEqual({ code: 'wrong-length', detail });
      expect(server.requests).toEqual(['GET']);
    }
  });

  test('that the server does not tell is refused when it is passed', async () => {
    server.answer((_, response) => void response.writeHead(200).end(twice(content.length + 1)));
    expect((await failure(read())).code).toBe('wrong-length');
  });

  test('of a file that became shorter is told by status 416', async () => {
    for (const index of [0, 1, 2, 3, 4]) target.kept.set(index, content.subarray(index * CHUNK, (index + 1) * CHUNK));
    server.answer(status(416, { 'Content-Range': 'bytes */4000' }));
    const detail = { file: 'file.bin', bytes: 4000, expected: content.length };
    expect(await failure(read())).toEqual({ code: 'wrong-length', detail });
  });

  test('above the limit is refused before anything is asked for', async () => {
    server.answer(file(content));
    const detail = { file: 'file.bin', bytes: content.length, limit: 1000 };
    expect(await failure(read({ limit: 1000 }))).toEqual({ code: 'too-large', detail });
    expect(server.requests).toEqual([]);
  });
});

describe('a version that must not change', () => {
  test('is compared in every answer', async () => {
    server.answer(broken(2500, 'cut'), file(bytes(content.length, 7), '"2"'));
    await expect(read({ version: '"1"' })).rejects.toBeInstanceOf(OtherVersionError);
    expect(target.bytes.equals(content.subarray(0, 2000))).toBe(true);
  });

  test('is asked for with If-Range on our own origin only', async () => {
    const seen: (string | undefined)[] = [];
    const record =
      (answer: RequestListener): RequestListener =>
      (request, response: ServerResponse & { req: typeof request }) => {
        seen.push(request.headers['if-range']?.toString());
        answer(request, response);
      };
    for (const isSameOrigin of [() => true, () => false]) {
      target = new HashedTarget(content, CHUNK);
      server.answer(record(broken(2500, 'cut')), record(file(content)));
      await read({ version: '"1"' }, { ...network, isSameOrigin });
      expect(target.bytes.equals(content)).toBe(true);
    }
    expect(seen).toEqual([undefined, '"1"', undefined, undefined]);
  });
});

test('stops at once while nothing arrives, with the reason of whoever stopped it', async () => {
  server.answer(broken(10, 'stall'));
  const stop = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => stop.abort(reason), 50);
  await expect(read({ signal: stop.signal })).rejects.toBe(reason);
});

test('what the target throws, such as a full disk, ends the download', async () => {
  server.answer(file(content));
  const full = new Error('disk full');
  target.take = () => Promise.reject(full);
  await expect(read()).rejects.toBe(full);
});
