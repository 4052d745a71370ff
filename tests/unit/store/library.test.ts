/** The list of packages and what is done with them, on storage in memory and a real HTTP server. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FailureError } from '#core/failure.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { JobContract } from '#core/protocol/jobs.ts';
import type { StoreJobs, StoreProgress } from '#core/protocol/store.ts';
import type { RunningJob } from '../../../workers/jobs/running-job.ts';
import { handlers } from '../../../workers/store/library/library.ts';
import { bytes, file, serveFiles, status, type FileServer } from '../fetch/server.ts';
import { FakeFolder, fakeStorage, type FakeStorage } from './fake-storage.ts';

const CHUNK = 1000;
const BIG = 'onnx/model.onnx_data';
const contents: Record<string, Buffer> = { [BIG]: bytes(5 * CHUNK + 17), 'config.json': Buffer.from('{"a":1}') };
const TOTAL = Object.values(contents).reduce((sum, { length }) => sum + length, 0);
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
const manifest = JSON.stringify({
  name: 'A model',
  chunkSize: CHUNK,
  files: Object.fromEntries(
    Object.entries(contents).map(([path, data]) => {
      const chunks = Array.from({ length: Math.ceil(data.length / CHUNK) }, (_, at) =>
        sha256(data.subarray(at * CHUNK, (at + 1) * CHUNK)),
      );
      return [path, { size: data.length, sha256: sha256(data), chunks }];
    }),
  ),
});

let server: FileServer;
let url: string;
/** Path and Range of each request for a file. */
let asked: string[];
let storage: FakeStorage;
beforeAll(async () => {
  server = await serveFiles();
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  url = new URL(`./${Math.random()}/`, server.url).href;
  server.answer((request, response) => answer(request)(request, response));
  storage = fakeStorage();
  vi.stubGlobal('navigator', storage.navigator);
  vi.stubGlobal('self', { origin: new URL(server.url).origin });
  vi.stubGlobal('FileSystemDirectoryHandle', FakeFolder);
});
afterEach(() => vi.unstubAllGlobals());

function answer(request: IncomingMessage) {
  const path = decodeURIComponent(request.url?.split('/').slice(2).join('/') ?? '');
  if (path === 'manifest.json') return file(Buffer.from(manifest));
  asked.push(`${path} ${request.headers.range ?? ''}`.trim());
  const data = contents[path];
  return data ? file(data) : status(404);
}

/** With a `this`, as the job of a worker has. */
class FakeJob<Contract extends JobContract> implements RunningJob<Contract> {
  readonly signal = new AbortController().signal;
  readonly #updates: Contract['update'][];

  constructor(updates: Contract['update'][]) {
    this.#updates = updates;
  }

  reached = () => ({});

  emit(update: Contract['update']): void {
    this.#updates.push(update);
  }

  progress(update: Contract['update']): void {
    this.#updates.push(update);
  }

  pause(): Promise<void> {
    return Promise.resolve();
  }
}

function job<Contract extends JobContract>(updates: Contract['update'][] = []): RunningJob<Contract> {
  return new FakeJob(updates);
}

const fetchAll = async () => handlers.fetchAll.run({ url }, job());
const list = async () => handlers.list.run(undefined, job());
const verify = async (id: string) => (await handlers.verify.run({ id }, job())).damaged;
const copy = async (source: PackageSource & { type: 'files' }) => (await handlers.copy.run({ source }, job())).id;

/** The folder of the package, picked; with one wrong byte in `spoiled`. */
function picked(spoiled?: string): PackageSource & { type: 'files' } {
  const files = Object.entries(contents).map(([path, data]) => {
    const copy = new Uint8Array(data);
    if (path === spoiled) copy[CHUNK + 1] = (copy[CHUNK + 1] ?? 0) ^ 1;
    return { path, blob: new Blob([copy]) };
  });
  return { type: 'files', name: 'stick', files: [...files, { path: 'manifest.json', blob: new Blob([manifest]) }] };
}

async function failure(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('nothing failed');
}

/** Names of the files of bytes. */
const blobs = () => {
  const folder = storage.root.entries.get('model-store');
  const inner = folder instanceof FakeFolder ? folder.entries.get('blobs') : undefined;
  return inner instanceof FakeFolder ? [...inner.entries.keys()].filter((name) => !name.endsWith('.hashes')) : [];
};
const bigBlob = () => {
  const all = blobs().map((name) => storage.root.find(`model-store/blobs/${name}`));
  const found = all.find(({ bytes: data }) => data.length === contents[BIG]?.length);
  if (!found) throw new Error('not stored');
  return found;
};

test('a downloaded package is listed with its name and its bytes', async () => {
  const updates: StoreProgress[] = [];
  await handlers.fetchAll.run({ url }, job<StoreJobs['fetchAll']>(updates));
  expect(updates.at(-1)).toEqual({ type: 'progress', doneBytes: TOTAL, totalBytes: TOTAL });
  const { packages, hasStorage, isPersistent } = await list();
  expect([hasStorage, isPersistent]).toEqual([true, false]);
  expect(packages).toEqual([
    expect.objectContaining({ name: 'A model', url, storedBytes: TOTAL, totalBytes: TOTAL, isChecked: true }),
  ]);
  await fetchAll();
  expect(asked.sort()).toEqual(['config.json', BIG]);
});

test('a corrupt byte on disk is found, and its piece alone is fetched again', async () => {
  await fetchAll();
  const id = (await list()).packages[0]?.id ?? '';
  expect(await verify(id)).toEqual([]);
  const blob = bigBlob();
  blob.bytes[3 * CHUNK + 5] = (blob.bytes[3 * CHUNK + 5] ?? 0) ^ 1;
  expect(await verify(id)).toEqual([{ path: BIG, pieces: 1 }]);
  expect((await list()).packages[0]?.storedBytes).toBe(TOTAL - CHUNK);
  asked = [];
  await fetchAll();
  expect(asked).toEqual([`${BIG} bytes=3000-3999`]);
  expect(Buffer.from(bigBlob().bytes).equals(contents[BIG] ?? Buffer.alloc(0))).toBe(true);
  expect(await verify(id)).toEqual([]);
});

describe('a folder', () => {
  test('is copied with every piece checked, opened without a server, and written to another folder', async () => {
    const id = await copy(picked());
    expect((await list()).packages).toEqual([expect.objectContaining({ id, name: 'A model', url: undefined })]);
    const { files } = await handlers.files.run({ id }, job());
    expect(files.map(({ path }) => path).sort()).toEqual(['config.json', 'manifest.json', BIG]);
    const stick = new FakeFolder('stick', storage.disk);
    expect(await handlers.export.run({ id, folder: stick }, job())).toEqual({ folder: 'A model' });
    for (const [path, data] of Object.entries(contents))
      expect(Buffer.from(stick.find(`A model/${path}`).bytes).equals(data)).toBe(true);
    expect(Buffer.from(stick.find('A model/manifest.json').bytes).toString()).toBe(manifest);
  });

  test('and an address with the same bytes share them: nothing is fetched, and both can be deleted', async () => {
    const id = await copy(picked());
    await fetchAll();
    expect(asked).toEqual([]);
    expect(blobs()).toHaveLength(2);
    await handlers.remove.run({ id }, job());
    expect((await list()).packages).toEqual([expect.objectContaining({ url, storedBytes: TOTAL })]);
    const [left] = (await list()).packages;
    await handlers.remove.run({ id: left?.id ?? '' }, job());
    expect((await list()).packages).toEqual([]);
    expect(blobs()).toEqual([]);
  });

  test('with a wrong byte is refused by the name of the file; a right one then brings only what is missing', async () => {
    expect(await failure(copy(picked(BIG)))).toEqual({ code: 'hash-mismatch', detail: { file: BIG } });
    const [partly] = (await list()).packages;
    expect(partly?.storedBytes).toBeLessThan(TOTAL);
    const stick = new FakeFolder('stick', storage.disk);
    const written = failure(Promise.resolve(handlers.export.run({ id: partly?.id ?? '', folder: stick }, job())));
    expect((await written).code).toBe('file-missing');
    expect(await copy(picked())).toBe(partly?.id);
    expect((await list()).packages[0]?.storedBytes).toBe(TOTAL);
  });

  test('on a stick that is pulled out fails by the name of the file', async () => {
    const source = picked();
    const gone = new Blob([new Uint8Array(contents[BIG] ?? [])]);
    gone.slice = () =>
      Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException('', 'NotFoundError')) });
    const files = source.files.map((one) => (one.path === BIG ? { path: BIG, blob: gone } : one));
    expect(await failure(copy({ ...source, files }))).toMatchObject({ code: 'file-gone', detail: { file: BIG } });
  });

  test('for which there is no room is refused before anything is written', async () => {
    storage.disk.quota = TOTAL - 1;
    expect((await failure(copy(picked()))).code).toBe('storage-full');
    expect(blobs()).toEqual([]);
  });

  test('without a manifest is copied, and listed as unchecked', async () => {
    const { files, ...rest } = picked();
    const id = await copy({ ...rest, files: files.filter(({ path }) => path !== 'manifest.json') });
    expect((await list()).packages).toEqual([
      expect.objectContaining({ id, name: 'stick', isChecked: false, storedBytes: TOTAL, totalBytes: TOTAL }),
    ]);
    expect(await verify(id)).toEqual([]);
    bigBlob().bytes[0] = 255;
    expect(await verify(id)).toEqual([{ path: BIG, pieces: 1 }]);
  });
});

test('without storage, as in a private window, nothing is said to be full or locked', async () => {
  const refuse = () => Promise.reject(new DOMException('no', 'SecurityError'));
  vi.stubGlobal('navigator', { ...storage.navigator, storage: { getDirectory: refuse } });
  for (const work of [fetchAll, () => copy(picked()), async () => handlers.remove.run({ id: 'a' }, job())])
    expect(await failure(work())).toEqual({ code: 'no-storage', detail: {} });
});

test('a manifest that claims the hash of another file puts nothing under its name', async () => {
  await fetchAll();
  const other = bytes(5 * CHUNK + 17, 9);
  const hashes = Array.from({ length: 6 }, (_, at) => sha256(other.subarray(at * CHUNK, (at + 1) * CHUNK)));
  const claims = { size: other.length, sha256: sha256(contents[BIG] ?? Buffer.alloc(0)), chunks: hashes };
  const forged = JSON.stringify({ chunkSize: CHUNK, files: { [BIG]: claims } });
  const id = await copy({
    ...{ type: 'files', name: 'forged' },
    files: [
      { path: BIG, blob: new Blob([new Uint8Array(other)]) },
      { path: 'manifest.json', blob: new Blob([forged]) },
    ],
  });
  const { files } = await handlers.files.run({ id }, job());
  const of = files.find(({ path }) => path === BIG)?.blob;
  expect(of instanceof Blob && Buffer.from(await of.arrayBuffer()).equals(other)).toBe(true);
  // The first package still has its own.
  const first = (await list()).packages.find((one) => one.url === url);
  expect(await verify(first?.id ?? '')).toEqual([]);
  expect(Buffer.from(bigBlob().bytes).equals(contents[BIG] ?? Buffer.alloc(0))).toBe(true);
});
