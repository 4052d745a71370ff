/** A package from a checkpoint, in the page: what `npm run export` makes, byte for byte, also after two cuts. */
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { MadeFiles, MakeProgress, MakeRequest, MakerJobs } from '#core/protocol/maker.ts';
import { parseManifest, type Manifest } from '#core/protocol/manifest.ts';
import type { StoreJobs } from '#core/protocol/store.ts';
import { difference } from '#core/self-test/compare.ts';
import { WorkerClient, type StartedJob } from '../../../src/workers/worker-client.ts';
import { EngineClient } from '../engine/client.ts';
import { packageUrl } from '../engine/model.ts';
import type { HubFault, HubState } from './hub-state.ts';

const maker = new WorkerClient<MakerJobs>({
  name: 'maker',
  create: () => new Worker(new URL('../../../workers/maker.worker.ts', import.meta.url), { type: 'module' }),
});
const store = new WorkerClient<StoreJobs>({
  name: 'store',
  create: () => new Worker(new URL('../../../workers/store.worker.ts', import.meta.url), { type: 'module' }),
});
const engine = new EngineClient();
afterAll(() => {
  maker.end();
  store.end();
  engine.terminate();
});

beforeEach(async () => {
  await setHub({});
  const root = await navigator.storage.getDirectory();
  await root.removeEntry('model-store', { recursive: true }).catch(() => undefined);
});

test('is what the command line makes, after a cut connection and a crash, and answers', async () => {
  const { endpoint, commit } = await hub();
  const request = requestFor(endpoint);

  await setHub({ type: 'cut', after: 2_400_000 });
  const cut = await make(request);
  expect(cut.end).toMatchObject({
    type: 'failed',
    failure: { code: 'network', detail: { reason: 'Failed to fetch' } },
  });
  const { making, storedBytes, totalBytes } = await listed();
  expect(making).toMatchObject({ source: { type: 'hub', repository: 'test/tiny' } });
  expect(storedBytes).toBeGreaterThan(0);
  expect(storedBytes).toBeLessThan(totalBytes);

  await setHub({ type: 'hang', after: 2_800_000 });
  const crashed = start(request);
  await expect.poll(async () => (await hub()).isFull, { timeout: 20_000 }).toBe(true);
  maker.end();
  await crashed.job.ended;
  expect(crashed.updates[0]?.doneBytes).toBeGreaterThanOrEqual(storedBytes);

  await setHub({});
  const { end, updates } = await make(request);
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  expect(updates[0]?.doneBytes).toBeGreaterThanOrEqual(storedBytes);
  expect(updates.at(-1)).toMatchObject({ phase: 'compare', doneBytes: totalBytes, totalBytes });
  // The weights have 3.8 MB, and comparing the stored head with the embedding takes 1.4 MB: what is there is not read again.
  expect((await hub()).sent).toBeLessThan(4_700_000);
  expect((await hub()).leaked).toBe(0);
  expect(end.comparison.map(({ part }) => part)).toEqual(['attention', 'mlp', 'head', 'vision']);
  for (const { part, snrDecibels, rows } of end.comparison) {
    expect(rows).toBeGreaterThan(0);
    // Four bits of random weights; the fixture's vision encoder is too narrow for whole blocks and stays as it is.
    if (part === 'vision') expect(snrDecibels).toBeGreaterThan(30);
    else expect(Math.abs(snrDecibels - 25)).toBeLessThan(10);
  }

  const selfTest = await selfTestOf(end);
  expect(await maker.start('finish', { id: end.id, selfTest }).ended).toMatchObject({ type: 'done' });
  const made = await manifestOf(end.id);
  const wanted = parseManifest(await (await fetch(`${packageUrl('made')}manifest.json`)).json());
  expect(made.files).toEqual(wanted.files);
  expect(withoutOrigin(made)).toEqual(withoutOrigin(wanted));
  expect(made.source).toMatchObject({ checkpoint: 'tiny', repository: 'test/tiny', revision: commit });
  // The hub says what the command line computes.
  expect(made.source.files).toEqual(wanted.source.files);
  // Another build of the runtime, so other last digits.
  for (const [step, row] of selfTest.logits.entries())
    expect(difference(row, wanted.selfTest?.logits[step] ?? [])).toBeLessThan(1e-3);

  const files = await filesOf(end.id);
  if (files.type !== 'done') throw new Error(JSON.stringify(files));
  const model = await engine.model({ type: 'files', name: files.name, files: files.files }, { provider: 'wasm' });
  expect(model.selfTest.state).toBe('passed');
  const { end: answered, ids } = await engine.ask('안녕하세요?', { maxNewTokens: 4 });
  expect(answered.type).toBe('done');
  expect(ids.length).toBeGreaterThan(0);
});

test('asks for the token before anything large, and says where it is given', async () => {
  const { endpoint } = await hub();
  const { source, options } = requestFor(endpoint);
  const end = await maker.start('inspect', { source: { ...source, token: undefined }, options }).ended;
  expect(end).toMatchObject({
    type: 'failed',
    failure: { code: 'gated', detail: { id: 'test/tiny', page: `${endpoint}/test/tiny`, status: 401 } },
  });
  expect((await hub()).sent).toBe(0);
});

test('says what it takes, and refuses in the words of the command line', async () => {
  const { endpoint } = await hub();
  const found = await maker.start('inspect', requestFor(endpoint)).ended;
  if (found.type !== 'done') throw new Error(JSON.stringify(found));
  const { facts } = found;
  expect(facts.readBytes).toBeGreaterThan(3_000_000);
  expect(facts.packageBytes).toBeGreaterThan(500_000);
  expect(facts.doneBytes).toBe(0);
  expect(facts.seconds.compute).toBeGreaterThan(0);

  await setHub({ missing: ['model.safetensors'] });
  expect(await maker.start('inspect', requestFor(endpoint)).ended).toMatchObject({
    type: 'failed',
    failure: {
      code: 'export-refused',
      detail: { reason: expect.stringContaining('it is not a safetensors checkpoint') as string },
    },
  });
});

test('refuses other weights than it began with; half a package is not opened and can be deleted', async () => {
  const { endpoint } = await hub();
  const request = requestFor(endpoint);
  await setHub({ type: 'cut', after: 2_000_000 });
  expect((await make(request)).end).toMatchObject({ type: 'failed', failure: { code: 'network' } });
  const { id } = await listed();
  expect(await filesOf(id)).toMatchObject({ type: 'failed', failure: { code: 'package-unfinished' } });

  await setHub({ version: 'b' });
  expect((await make(request)).end).toMatchObject({ type: 'failed', failure: { code: 'checkpoint-changed' } });

  expect(await store.start('remove', { id }).ended).toMatchObject({ type: 'done' });
  const end = await store.start('list', undefined).ended;
  expect(end).toMatchObject({ type: 'done', packages: [] });
  const blobs = await (
    await navigator.storage.getDirectory()
  )
    .getDirectoryHandle('model-store')
    .then((root) => root.getDirectoryHandle('blobs'));
  for await (const name of blobs.keys()) throw new Error(`${name} was left`);
});

function requestFor(endpoint: string): MakeRequest & { source: { type: 'hub' } } {
  return {
    source: { type: 'hub', endpoint, repository: 'test/tiny', revision: 'main', token: 'hf_right' },
    // The fixture is small: by itself it would be quantized on one thread.
    workers: 2,
    options: {
      ...{ name: 'made', dtype: 'q4f16', method: 'round', context: 512, notice: '' },
      korean: { url: packageUrl('ko-5.json').replace(/\/$/u, ''), init: 'mean', untie: false },
    },
  };
}

function start(request: MakeRequest): { job: StartedJob<MakerJobs['make']>; updates: MakeProgress[] } {
  const updates: MakeProgress[] = [];
  const job = maker.start('make', request, (event) => {
    if (event.type === 'progress') updates.push(event);
  });
  return { job, updates };
}

async function make(request: MakeRequest) {
  const { job, updates } = start(request);
  return { end: await job.ended, updates };
}

async function listed() {
  const end = await store.start('list', undefined).ended;
  const [first] = end.type === 'done' ? end.packages : [];
  if (!first) throw new Error(JSON.stringify(end));
  return first;
}

const filesOf = (id: string) => store.start('files', { id }).ended;

async function selfTestOf({ name, files }: MadeFiles) {
  const source = { type: 'files', name, files } as const;
  const end = await engine.worker.start('recordSelfTest', { source }).ended;
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return end.selfTest;
}

async function manifestOf(id: string): Promise<Manifest> {
  const found = await filesOf(id);
  const blob = found.type === 'done' ? found.files.find(({ path }) => path === 'manifest.json')?.blob : undefined;
  if (!(blob instanceof Blob)) throw new Error(JSON.stringify(found));
  return parseManifest(JSON.parse(await blob.text()));
}

function withoutOrigin({ created: _, source: __, selfTest: ___, name: ____, ...rest }: Manifest): object {
  return rest;
}

async function hub(): Promise<HubState> {
  return (await fetch('/hub')).json() as Promise<HubState>;
}

async function setHub(fault: HubFault): Promise<void> {
  await fetch('/hub', { method: 'PUT', body: JSON.stringify(fault) });
}
