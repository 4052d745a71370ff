/** What the maker worker does, on a file system in memory: the bytes of the command line, whatever happens on the way. */
import { setMaxListeners } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageSource } from '#core/protocol/engine.ts';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { FileHashes } from '#core/export/manifest.ts';
import type { MakeProgress, MakeRequest } from '#core/protocol/maker.ts';
import { parseManifest, type Manifest } from '#core/protocol/manifest.ts';
import { finish } from '../../../workers/maker/finish.ts';
import { inspect } from '../../../workers/maker/inspect.ts';
import { make, type Made } from '../../../workers/maker/make.ts';
import { packageSize } from '../../../workers/preflight/package-size.ts';
import { handlers as store } from '../../../workers/store/library/library.ts';
import { PackageRecords } from '../../../workers/store/records.ts';
import { listPackages } from '../../../workers/store/library/list.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { startHub, type Hub } from '../../browser/maker/hub-server.ts';
import { writeKoreanPack } from '../../reference/korean.ts';
import { exportFixture, fixture, temporaryFolder } from '../../reference/node.ts';
import { memoryNavigator } from './opfs.ts';

const folder = temporaryFolder();
const checkpoint = join(folder.path, 'checkpoint');
const pack = join(folder.path, 'ko-5.json');
let hub: Hub;
let disk: ReturnType<typeof memoryNavigator>;
let wanted: Manifest;

beforeAll(async () => {
  mkdirSync(checkpoint);
  cpSync(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await writeStandInTokenizer(checkpoint);
  await writeKoreanPack(join(checkpoint, 'tokenizer.json'), pack);
  const out = join(folder.path, 'made');
  const korean = { pack, init: 'mean', untie: true } as const;
  await exportFixture(out, 'q4', { checkpoint, name: 'made', korean });
  wanted = parseManifest(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')));
  hub = await startHub(checkpoint);
});
afterAll(() => {
  hub.close();
  folder.remove();
});
beforeEach(() => {
  hub.set({});
  disk = memoryNavigator();
  vi.stubGlobal('navigator', disk.navigator);
  vi.stubGlobal('self', { origin: 'http://page' });
  vi.stubGlobal('Worker', undefined);
});

test('gives the bytes of the command line, and its manifest but for time and origin', async () => {
  const { made, files } = await run();
  expect(files.comparison.map(({ part }) => part)).toEqual(['attention', 'mlp', 'head', 'vision']);
  for (const { snrDecibels } of files.comparison) expect(snrDecibels).toBeGreaterThan(15);
  await finish(made, { id: made.id });
  const manifest = parseManifest(JSON.parse((await made.folder.manifest()) ?? ''));
  expect(manifest.files).toEqual(wanted.files);
  expect(rest(manifest)).toEqual(rest(wanted));
  expect(manifest.source.files).toEqual(wanted.source.files);
  const { packages } = await listPackages();
  expect(packages).toMatchObject([{ name: 'made', making: undefined }]);
  expect(packages[0]?.storedBytes).toBe(packages[0]?.totalBytes);
  expect(hub.state().leaked).toBe(0);
}, 60_000);

test('goes on after every cut', async () => {
  let cuts = 0;
  let done = -1;
  for (;;) {
    // Comparing the stored head with the embedding takes 1.4 MB of it.
    hub.set({ type: 'cut', after: 2_400_000 });
    const updates: MakeProgress[] = [];
    const ended = await run(updates).catch((error: unknown) => error);
    // It begins where the last one ended, and each comes further.
    expect(updates[0]?.doneBytes ?? Infinity).toBeGreaterThanOrEqual(done);
    const end = updates.at(-1)?.doneBytes ?? 0;
    if (ended instanceof Error) {
      expect(ended).toMatchObject({ code: 'network' });
      expect(end).toBeGreaterThan(done);
      done = (await listPackages()).packages[0]?.storedBytes ?? 0;
      cuts++;
      continue;
    }
    break;
  }
  expect(cuts).toBeGreaterThan(1);
  hub.set({});
  await expectWanted();
}, 60_000);

test('goes on after a crash that lost the end of what was written', async () => {
  hub.set({ type: 'cut', after: 3_000_000 });
  await expect(run()).rejects.toMatchObject({ code: 'network' });
  disk.root.crash();
  const blobs = await (await disk.root.getDirectoryHandle('model-store')).getDirectoryHandle('blobs');
  const growing = [...blobs.entries.values()].find(
    (entry) => entry.kind === 'file' && entry.name.startsWith('making-'),
  );
  if (growing?.kind !== 'file') throw new Error('nothing was growing');
  growing.bytes = growing.bytes.slice(0, growing.bytes.length / 2);
  hub.set({});
  await expectWanted();
}, 60_000);

test('reads the token of its own host alone, and nothing large without it', async () => {
  const { source, options } = request();
  await expect(
    inspect({ source: { ...source, token: undefined }, options }, new AbortController().signal),
  ).rejects.toMatchObject({ code: 'gated', detail: { id: 'test/tiny', page: `${source.endpoint}/test/tiny` } });
  expect(hub.state()).toMatchObject({ sent: 0, leaked: 0 });
  const facts = await inspect(request(), new AbortController().signal);
  expect(facts.packageBytes).toBe(Object.values(wanted.files).reduce((sum, { size }) => sum + size, 0));
  expect(hub.state().leaked).toBe(0);
});

test('refuses another version of the weights, half a package, and a full disk', async () => {
  hub.set({ type: 'cut', after: 1_000_000 });
  await expect(run()).rejects.toMatchObject({ code: 'network' });
  const [half] = (await listPackages()).packages;
  expect(half).toMatchObject({ making: { source: { repository: 'test/tiny' } } });
  const id = half?.id ?? '';
  const { signal } = new AbortController();
  const job = { signal, progress() {}, emit() {}, reached: () => ({}), pause: () => Promise.resolve() };
  await expect(store.files.run({ id }, job)).rejects.toMatchObject({ code: 'package-unfinished' });
  hub.set({ version: 'b' });
  await expect(run()).rejects.toMatchObject({ code: 'checkpoint-changed', detail: { file: 'model.safetensors' } });
  await store.remove.run({ id }, job);
  const blobs = await (await disk.root.getDirectoryHandle('model-store')).getDirectoryHandle('blobs');
  expect([...blobs.entries.keys()]).toEqual([]);

  hub.set({});
  vi.stubGlobal('navigator', memoryNavigator(1000).navigator);
  await expect(run()).rejects.toMatchObject({ code: 'storage-full' });
  // The head that is stored beside a tied embedding was compared with it; no weight was written.
  expect(await listPackages()).toMatchObject({ packages: [] });
});

test('refuses a package that another version of the page began, and a server without ranges', async () => {
  hub.set({ type: 'cut', after: 1_000_000 });
  await expect(run()).rejects.toMatchObject({ code: 'network' });
  const [half] = (await listPackages()).packages;
  const folder = await (await PackageRecords.open())?.find(half?.id ?? '');
  const making = await folder?.making();
  if (!folder || !making) throw new Error('nothing was begun');
  await folder.setMaking({ ...making, plan: 'f'.repeat(64) });
  hub.set({});
  await expect(run()).rejects.toMatchObject({ code: 'making-outdated' });

  vi.stubGlobal('navigator', memoryNavigator().navigator);
  hub.set({ wholeFiles: true });
  await expect(run()).rejects.toMatchObject({ code: 'no-ranges', detail: { file: 'model.safetensors' } });
});

test('refuses what is no checkpoint in the words of the command line', async () => {
  hub.set({ missing: ['model.safetensors'] });
  await expect(run()).rejects.toThrow(
    'test/tiny has neither model.safetensors nor model.safetensors.index.json: it is not a safetensors checkpoint',
  );
  hub.set({ missing: ['tokenizer_config.json'] });
  await expect(run()).rejects.toThrow('test/tiny has no tokenizer_config.json');
});

test('makes of a folder what it makes of a repository, and another precision of the same folder', async () => {
  const picked = { ...request(), source: folderSource() };
  const { made } = await run([], picked);
  expect(filesOf(made)).toEqual(wanted.files);
  await finish(made, { id: made.id });
  const manifest = parseManifest(JSON.parse((await made.folder.manifest()) ?? ''));
  expect(manifest.source).toMatchObject({
    checkpoint: 'checkpoint',
    files: {},
    versions: { 'model.safetensors': expect.stringMatching(/^1 \d+$/u) as string },
  });

  const options = { ...picked.options, dtype: 'q8', korean: undefined } as const;
  const eight = await run([], { ...picked, options });
  const out = join(folder.path, 'eight');
  await exportFixture(out, 'q8', { checkpoint, name: 'made' });
  expect(filesOf(eight.made)).toEqual(
    parseManifest(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))).files,
  );
  const { packages } = await listPackages();
  expect(packages.map(({ making }) => making === undefined).sort()).toEqual([false, true]);
}, 60_000);

test('tells the planner what it reads from the finished package', async () => {
  const { size, seconds, workers } = await inspect(request(), new AbortController().signal);
  expect(workers).toBe(1);
  expect(seconds.read).toBeGreaterThan(0);
  expect(seconds.compute).toBeGreaterThan(0);
  const { made, files } = await run();
  await finish(made, { id: made.id });
  const manifest = new Blob([(await made.folder.manifest()) ?? '']);
  const source = {
    type: 'files',
    name: 'made',
    files: [...files.files, { path: 'manifest.json', blob: manifest }],
  } as const;
  expect(size).toEqual(await packageSize(source, new AbortController().signal));
}, 60_000);

async function expectWanted(): Promise<void> {
  expect(filesOf((await run()).made)).toEqual(wanted.files);
}

function filesOf({ making }: Made): Record<string, FileHashes> {
  return Object.fromEntries(making.finished.map(({ path, entry }) => [path, entry]));
}

function run(updates: MakeProgress[] = [], asked: MakeRequest = request()) {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return make(asked, { signal, progress: (update) => void updates.push(update) });
}

/** The checkpoint as it is picked from the disk. */
function folderSource(): PackageSource {
  const files = readdirSync(checkpoint).map((path) => ({
    path,
    blob: new File([readFileSync(join(checkpoint, path))], path, { lastModified: 1 }),
  }));
  return { type: 'files', name: 'checkpoint', files };
}

function request(): MakeRequest & { source: { type: 'hub' } } {
  return {
    source: {
      ...{ type: 'hub', endpoint: hub.state().endpoint, repository: 'test/tiny', revision: 'main', token: 'hf_right' },
    },
    options: {
      ...{ name: 'made', dtype: 'q4', method: 'round', context: 512, notice: '' },
      korean: {
        url: `data:application/json;base64,${readFileSync(pack).toString('base64')}#/ko-5.json`,
        init: 'mean',
        untie: true,
      },
    },
  };
}

function rest({ created: _, source: __, ...others }: Manifest): object {
  return others;
}
