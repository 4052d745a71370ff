/** The list of packages, and what is done with them, through the worker that the page uses. */
import { afterAll, beforeEach, expect, it } from 'vitest';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { StoreJobs } from '#core/protocol/store.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import { contentOf, type Setup } from './setup.ts';

const workers: Worker[] = [];
const client = new WorkerClient<StoreJobs>({
  name: 'store',
  create: () => {
    const worker = new Worker(new URL('../../../workers/store.worker.ts', import.meta.url), { type: 'module' });
    workers.push(worker);
    return worker;
  },
});
afterAll(() => {
  for (const worker of workers) worker.terminate();
});

const CHUNK = 64 * 1024;
const BIG = 'onnx/model.onnx_data';
const SIZE = 5 * CHUNK + 17;
const files = { [BIG]: SIZE, 'config.json': 20 };

beforeEach(async () => {
  const root = await navigator.storage.getDirectory();
  for (const name of ['model-store', 'stick']) await root.removeEntry(name, { recursive: true }).catch(() => undefined);
});

async function serve(setup: Partial<Setup> = {}): Promise<string> {
  const url = `${location.origin}/package/${crypto.randomUUID()}/`;
  await fetch(url, { method: 'PUT', body: JSON.stringify({ files, chunkSize: CHUNK, ...setup }) });
  return url;
}

async function run<Name extends keyof StoreJobs>(name: Name, request: StoreJobs[Name]['request']) {
  const progress: [number, number][] = [];
  const end = await client.start(name, request, (event) => {
    if ('doneBytes' in event) progress.push([event.doneBytes, event.totalBytes]);
  }).ended;
  return { end, progress };
}

async function list() {
  const { end } = await run('list', undefined);
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return end;
}

/** The files of the package at `url`, as if they were picked. */
async function picked(url: string, spoil?: string): Promise<PackageSource & { type: 'files' }> {
  const paths = [...Object.keys(files), 'manifest.json'];
  const blobs = await Promise.all(
    paths.map(async (path) => {
      const bytes = new Uint8Array(await (await fetch(url + path)).arrayBuffer());
      if (path === spoil) bytes[CHUNK + 1] = (bytes[CHUNK + 1] ?? 0) ^ 1;
      return { path, blob: new Blob([bytes]) };
    }),
  );
  return { type: 'files', name: 'stick', files: blobs };
}

async function blobHandles(): Promise<FileSystemFileHandle[]> {
  const root = await navigator.storage.getDirectory();
  const folder = await (await root.getDirectoryHandle('model-store')).getDirectoryHandle('blobs');
  const handles: FileSystemFileHandle[] = [];
  for await (const entry of folder.values())
    if (entry instanceof FileSystemFileHandle && !entry.name.endsWith('.hashes')) handles.push(entry);
  return handles;
}

it('downloads all of a package, lists it, finds a damaged piece, and deletes it', async () => {
  const url = await serve();
  const fetched = await run('fetchAll', { url });
  expect(fetched.end.type).toBe('done');
  expect(fetched.progress.at(-1)).toEqual([SIZE + 20, SIZE + 20]);
  const { packages, hasStorage, usedBytes } = await list();
  expect(hasStorage).toBe(true);
  expect(usedBytes).toBeGreaterThan(0);
  const total = SIZE + 20;
  const name = url.split('/').filter(Boolean).at(-1);
  expect(packages).toEqual([
    expect.objectContaining({ url, name, storedBytes: total, totalBytes: total, isChecked: true }),
  ]);
  const id = packages[0]?.id ?? '';
  expect((await run('verify', { id })).end).toEqual({ type: 'done', damaged: [] });

  const handles = await blobHandles();
  const sizes = await Promise.all(handles.map(async (handle) => (await handle.getFile()).size));
  const stream = await handles[sizes.indexOf(SIZE)]?.createWritable({ keepExistingData: true });
  await stream?.write({ type: 'write', position: 3 * CHUNK + 5, data: Uint8Array.of(255, 0, 255) });
  await stream?.close();
  const verified = await run('verify', { id });
  expect(verified.end).toEqual({ type: 'done', damaged: [{ path: BIG, pieces: 1 }] });
  expect(verified.progress.at(-1)).toEqual([total, total]);
  expect((await list()).packages[0]?.storedBytes).toBe(total - CHUNK);

  await run('fetchAll', { url });
  expect((await list()).packages[0]?.storedBytes).toBe(total);
  const log: { path: string; range?: string }[] = await (await fetch(`${url}?log`)).json();
  // The damaged piece, and nothing else of the file.
  expect(log.filter(({ path }) => path === BIG).map(({ range }) => range)).toEqual([
    undefined,
    `bytes=${3 * CHUNK}-${4 * CHUNK - 1}`,
  ]);

  expect((await run('remove', { id })).end.type).toBe('done');
  expect((await list()).packages).toEqual([]);
  expect(await blobHandles()).toEqual([]);
});

it('copies a folder with every piece checked, gives it out without its server, and writes it to another folder', async () => {
  const url = await serve();
  const source = await picked(url);
  const copied = await run('copy', { source });
  if (copied.end.type !== 'done') throw new Error(JSON.stringify(copied.end));
  expect(copied.progress.at(-1)).toEqual([SIZE + 20, SIZE + 20]);
  const { id } = copied.end;
  expect((await list()).packages).toEqual([expect.objectContaining({ id, name: 'stick', url: undefined })]);
  const given = await run('files', { id });
  if (given.end.type !== 'done') throw new Error(JSON.stringify(given.end));
  expect(given.end.files.map(({ path }) => path).sort()).toEqual(['config.json', 'manifest.json', BIG]);

  const stick = await (await navigator.storage.getDirectory()).getDirectoryHandle('stick', { create: true });
  expect((await run('export', { id, folder: stick })).end).toEqual({ type: 'done', folder: 'stick' });
  const written = await (await stick.getDirectoryHandle('stick')).getDirectoryHandle('onnx');
  const bytes = await (await (await written.getFileHandle('model.onnx_data')).getFile()).arrayBuffer();
  expect(new Uint8Array(bytes)).toEqual(contentOf(BIG, SIZE));

  // The same package from its address: nothing is fetched that was copied.
  await run('fetchAll', { url });
  const log: { method: string; path: string }[] = await (await fetch(`${url}?log`)).json();
  expect(log.filter(({ path }) => path === BIG)).toHaveLength(1);
  // What both refer to stays when one is deleted.
  await run('remove', { id });
  const { packages } = await list();
  expect(packages).toEqual([expect.objectContaining({ url, storedBytes: SIZE + 20 })]);
});

it('refuses a folder with a wrong byte, and a package whose parts are missing', async () => {
  const url = await serve();
  const { end } = await run('copy', { source: await picked(url, BIG) });
  expect(end).toEqual({ type: 'failed', failure: { code: 'hash-mismatch', detail: { file: BIG } } });
  const [partly] = (await list()).packages;
  const stick = await (await navigator.storage.getDirectory()).getDirectoryHandle('stick', { create: true });
  const written = await run('export', { id: partly?.id ?? '', folder: stick });
  expect(written.end).toMatchObject({ type: 'failed', failure: { code: 'file-missing' } });
});

it('says that a stick was pulled out', async () => {
  const url = await serve();
  const source = await picked(url);
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle('pulled-out', { create: true });
  const stream = await handle.createWritable();
  await stream.write(contentOf(BIG, SIZE));
  await stream.close();
  const file = await handle.getFile();
  await root.removeEntry('pulled-out');
  const gone = source.files.map((one) => (one.path === BIG ? { path: BIG, blob: file } : one));
  const { end } = await run('copy', { source: { ...source, files: gone } });
  expect(end).toMatchObject({ type: 'failed', failure: { code: 'file-broken', detail: { file: BIG } } });
});
