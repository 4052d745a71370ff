import { wrap } from 'comlink';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { contentOf, type LogEntry, type Setup } from './setup.ts';
import type { StoreWorkerApi } from './store.worker.ts';

const worker = new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module' });
const store = wrap<StoreWorkerApi>(worker);
afterAll(() => worker.terminate());
beforeEach(() => store.empty());

const BIG = 'onnx/model.onnx_data';
const sizeOf = (chunk: number) => 10 * chunk + 123;
/** Of a manifest. */
const CHUNK = 64 * 1024;
const SIZE = sizeOf(CHUNK);

/** A package on the test server, at an address of its own. */
async function serveStore(setup: Partial<Setup> = {}) {
  const url = `${location.origin}/package/${crypto.randomUUID()}/`;
  const update = async (next: Partial<Setup>) => {
    const files = { [BIG]: SIZE, 'config.json': 20 };
    const body: Setup = { files, chunkSize: CHUNK, ...setup, ...next };
    await fetch(url, { method: 'PUT', body: JSON.stringify(body) });
  };
  await update({});
  const log = async (path: string): Promise<LogEntry[]> => {
    const all: LogEntry[] = await (await fetch(`${url}?log`)).json();
    return all.filter((entry) => entry.path === path && entry.method === 'GET');
  };
  return { source: { type: 'url' as const, url }, update, log };
}

const serve = serveStore;
const whole = contentOf(BIG, SIZE);
const same = (a: Uint8Array | undefined, b: Uint8Array) =>
  a?.length === b.length && a.every((byte, i) => byte === b[i]);

describe.each([
  // Without a manifest the store's own chunks are kept.
  ['with a manifest', 64 * 1024, true],
  ['without', 256 * 1024, false],
])('download %s', (_, CHUNK, hasManifest) => {
  const SIZE = sizeOf(CHUNK);
  const whole = contentOf(BIG, SIZE);
  const chunkSize = hasManifest ? CHUNK : 0;
  const unchecked = hasManifest ? [] : [{ type: 'unchecked', file: 'manifest.json' }];
  const serve = (setup: Partial<Setup>) => serveStore({ files: { [BIG]: SIZE, 'config.json': 20 }, ...setup });

  it('brings the file once, and finds it the next time', async () => {
    const { source, log } = await serve({ chunkSize });
    const first = await store.read(source, BIG);
    expect(same(first.bytes, whole)).toBe(true);
    expect(first.notices).toEqual(unchecked);
    expect(first.list).toEqual(chunkSize ? ['config.json', 'manifest.json', BIG] : undefined);
    expect(first.progress.at(-1)).toEqual([SIZE, SIZE]);
    const second = await store.read(source, BIG);
    expect(same(second.bytes, whole)).toBe(true);
    expect(await log(BIG)).toHaveLength(1);
  });

  it('writes nothing where it is only looked at, and reads what is here', async () => {
    const { source, update, log } = await serve({ chunkSize });
    const looked = await store.read(source, 'config.json', { keep: false });
    expect(same(looked.bytes, contentOf('config.json', 20))).toBe(true);
    expect([looked.notices, await store.everything()]).toEqual([unchecked, {}]);
    await store.read(source, 'config.json');
    const before = await store.everything();
    expect(Object.keys(before).length).toBeGreaterThan(2);
    await store.read(source, 'config.json', { keep: false });
    expect(await log('config.json')).toHaveLength(2);
    // Another version on the server is looked at too; what is here stays for the next opening.
    await update({ files: { [BIG]: SIZE, 'config.json': 30 }, chunkSize });
    const other = await store.read(source, 'config.json', { keep: false });
    expect(same(other.bytes, contentOf('config.json', 30))).toBe(true);
    expect(await store.everything()).toEqual(before);
  });

  it('goes on behind a cut connection', async () => {
    const after = 5 * CHUNK + 99;
    const { source, log } = await serve({ chunkSize, faults: [{ type: 'cut', path: BIG, times: 1, after }] });
    const { bytes, progress } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    const requests = await log(BIG);
    expect(requests.map(({ range }) => range)).toEqual([undefined, `bytes=${after}-${SIZE - 1}`]);
    expect(progress.at(-1)).toEqual([SIZE, SIZE]);
  });

  it('gives up on a dead line with an error, and the next visit goes on', async () => {
    const after = 2 * CHUNK;
    const dead = { type: 'status', path: BIG, times: 3, status: 503 } as const;
    const { source, log } = await serve({ chunkSize, faults: [{ type: 'cut', path: BIG, times: 1, after }, dead] });
    const first = await store.read(source, BIG);
    expect(first.failure).toEqual({ code: 'server-error', detail: expect.objectContaining({ status: 503 }) });
    const second = await store.read(source, BIG);
    expect(same(second.bytes, whole)).toBe(true);
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${after}-${SIZE - 1}`);
  });

  it('starts again where the server knows no ranges', async () => {
    const { source, log } = await serve({
      chunkSize,
      noRanges: true,
      faults: [{ type: 'cut', path: BIG, times: 1, after: 3 * CHUNK }],
    });
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect((await log(BIG)).map(({ sent }) => sent)).toEqual([3 * CHUNK, SIZE]);
  });

  it('names a missing file, also behind a start page', async () => {
    for (const startPage of [false, true]) {
      const { source } = await serve({ chunkSize, startPage });
      const { failure } = await store.read(source, 'onnx/absent.onnx');
      expect(failure).toEqual({ code: 'file-missing', detail: { file: 'onnx/absent.onnx' } });
      expect(await store.has(source, 'onnx/absent.onnx')).toBe(false);
      expect(await store.has(source, BIG)).toBe(true);
    }
  });

  it('stops at once, also while nothing arrives, and goes on later', async () => {
    const { source, log } = await serve({
      chunkSize,
      faults: [{ type: 'hang', path: BIG, times: 1, after: 4 * CHUNK }],
    });
    const { aborted } = await store.read(source, BIG, { abortAt: 4 * CHUNK });
    // Nothing else could have ended it: no bytes come, and the wait for them has no end here.
    expect(aborted?.name).toBe('AbortError');
    const { bytes, progress } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${4 * CHUNK}-${SIZE - 1}`);
    expect(progress[0]?.[0]).toBe(4 * CHUNK);
  });

  it('takes a new version when there is one', async () => {
    const { source, update } = await serve({ chunkSize });
    await store.read(source, BIG);
    await update({ seed: 7 });
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, contentOf(BIG, SIZE, 7))).toBe(true);
  });

  it('does not glue two versions together', async () => {
    const cut = { type: 'cut', path: BIG, times: 1, after: 4 * CHUNK } as const;
    const dead = { type: 'status', path: BIG, times: 3, status: 503 } as const;
    const { source, update } = await serve({ chunkSize, faults: [cut, dead] });
    expect((await store.read(source, BIG)).failure?.code).toBe('server-error');
    await update({ seed: 7, faults: [] });
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, contentOf(BIG, SIZE, 7))).toBe(true);
  });

  const circumstances = [
    ['a private window', { noStorage: true }, 'no-storage'],
    ['a disk that fills up', { diskEndsAt: 3 * CHUNK }, 'no-room'],
    ['another tab at it', { locked: true }, 'locked'],
    ['too small a quota', { roomLeft: 1000 }, 'no-room'],
  ] as const;
  it.each(circumstances)('keeps the file in memory, and says so: %s', async (_, circumstance, reason) => {
    const { source } = await serve({ chunkSize });
    const { bytes, notices } = await store.read(source, BIG, circumstance);
    expect(same(bytes, whole)).toBe(true);
    expect(notices).toEqual([...unchecked, { type: 'kept-in-memory', file: BIG, reason }]);
    const later = await store.read(source, BIG);
    expect(same(later.bytes, whole)).toBe(true);
    expect(later.notices).toEqual(unchecked);
  });

  it('uses the copy of an earlier visit when the server is gone, and says so', async () => {
    const { source, update } = await serve({ chunkSize });
    await store.read(source, BIG);
    await update({ gone: true });
    const { bytes, notices } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect(notices).toEqual([...unchecked, { type: 'offline-copy', file: hasManifest ? 'manifest.json' : BIG }]);
    expect((await store.read(source, 'config.json')).failure?.code).toBe('network');
  });

  it('has no copy for a server that was never there', async () => {
    const { source } = await serve({ chunkSize, gone: true });
    expect((await store.read(source, BIG)).failure?.code).toBe('network');
  });

  it('does not take a file that the server has removed for present', async () => {
    const { source, update } = await serve({ chunkSize });
    await store.read(source, BIG);
    await update({ files: {} });
    expect((await store.read(source, BIG)).failure).toEqual({ code: 'file-missing', detail: { file: BIG } });
  });
});

describe('a line on which nothing comes', () => {
  it('is left when the wait of 15 seconds is over, and the download goes on', async () => {
    const { source, log } = await serve({ faults: [{ type: 'hang', path: BIG, times: 1, after: 3 * CHUNK }] });
    const { bytes } = await store.read(source, BIG, { silentAt: 3 * CHUNK });
    expect(same(bytes, whole)).toBe(true);
    expect((await log(BIG)).map(({ range }) => range)).toEqual([undefined, `bytes=${3 * CHUNK}-${SIZE - 1}`]);
  });
});

describe('hashes', () => {
  it('of chunks come from other threads, those of shorter chunks after longer ones too', async () => {
    const { hashes, right, posted } = await store.hashes([700_000, 600_000, 600_001, 300_000, 700_001, 10, 0]);
    expect(hashes).toEqual(right);
    expect(posted).toBe(5);
  });

  it('fetches a chunk with a wrong byte again, and nothing else', async () => {
    const at = 6 * CHUNK + 5;
    const { source, log } = await serve({ faults: [{ type: 'wrong', path: BIG, times: 1, at }] });
    expect(same((await store.read(source, BIG)).bytes, whole)).toBe(true);
    expect((await log(BIG)).map(({ range }) => range)).toEqual([undefined, `bytes=${6 * CHUNK}-${7 * CHUNK - 1}`]);
  });

  it('refuses a file that is wrong each time, keeps what was right of it, and gets well', async () => {
    const at = 6 * CHUNK + 5;
    const { source, log } = await serve({ faults: [{ type: 'wrong', path: BIG, times: 3, at }] });
    expect((await store.read(source, BIG)).failure).toEqual({ code: 'hash-mismatch', detail: { file: BIG } });
    expect(same((await store.read(source, BIG)).bytes, whole)).toBe(true);
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${6 * CHUNK}-${7 * CHUNK - 1}`);
  });

  it('does not build on a part that went bad on disk', async () => {
    const { source, log } = await serve({ faults: [{ type: 'hang', path: BIG, times: 1, after: 8 * CHUNK }] });
    await store.read(source, BIG, { abortAt: 8 * CHUNK });
    await store.spoil(source.url, BIG, 2 * CHUNK + 1);
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    const ranges = (await log(BIG)).slice(1).map(({ range }) => range);
    expect(ranges.sort()).toEqual([`bytes=${2 * CHUNK}-${3 * CHUNK - 1}`, `bytes=${8 * CHUNK}-${SIZE - 1}`]);
  });

  it('names what is wrong in a broken manifest', async () => {
    const { source } = await serve({ faults: [{ type: 'wrong', path: 'manifest.json', times: 1, at: 0 }] });
    const { failure } = await store.read(source, BIG);
    expect(failure).toEqual({ code: 'file-broken', detail: { file: 'manifest.json', reason: 'not JSON' } });
  });
});

describe('a manifest that the server no longer has', () => {
  it('is used as it was, and what it verified is not fetched again', async () => {
    const { source, update, log } = await serve();
    await store.read(source, BIG);
    await update({ chunkSize: 0 });
    const { bytes, notices } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect(notices).toEqual([{ type: 'gone-copy', file: 'manifest.json' }]);
    expect(await log(BIG)).toHaveLength(1);
    // One 404 is forgotten when the manifest is back.
    await update({ chunkSize: CHUNK });
    expect((await store.read(source, BIG)).notices).toEqual([]);
    expect(await log(BIG)).toHaveLength(1);
  });

  it('stands in the way of another package for one visit only', async () => {
    const { source, update } = await serve();
    await store.read(source, 'config.json');
    await update({ chunkSize: 0, seed: 7 });
    expect((await store.read(source, BIG)).failure).toEqual({ code: 'hash-mismatch', detail: { file: BIG } });
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, contentOf(BIG, SIZE, 7))).toBe(true);
  });
});

describe('picked files', () => {
  const blob = new Blob([whole]);
  const pick = (files: Record<string, Blob>) => ({
    type: 'files' as const,
    name: 'stick',
    files: Object.entries(files).map(([path, file]) => ({ path, blob: file })),
  });

  it('hands out the files themselves', async () => {
    const { bytes, list } = await store.read(pick({ [BIG]: blob, 'config.json': new Blob(['{}']) }), BIG);
    expect(same(bytes, whole)).toBe(true);
    expect(list).toEqual(['config.json', BIG]);
  });

  it('names what is missing, and what was copied only in part', async () => {
    const missing = await store.read(pick({ [BIG]: blob }), 'config.json');
    expect(missing.failure).toEqual({ code: 'file-missing', detail: { file: 'config.json' } });
    const hash = '0'.repeat(64);
    const files = { [BIG]: { size: SIZE + 1, sha256: hash, chunks: [hash] } };
    const manifest = new Blob([JSON.stringify({ chunkSize: 2 * SIZE, files })]);
    const { failure } = await store.read(pick({ [BIG]: blob, 'manifest.json': manifest }), BIG);
    expect(failure).toEqual({ code: 'file-broken', detail: { file: BIG, reason: `${SIZE} bytes, not ${SIZE + 1}` } });
  });
});

describe('a file with two names', () => {
  const links = { 'onnx/second.onnx_data': BIG };

  it('is downloaded and kept once, under the first', async () => {
    const { source, log } = await serve({ links });
    for (const name of ['onnx/second.onnx_data', BIG, 'onnx/second.onnx_data'])
      expect(same((await store.read(source, name)).bytes, whole)).toBe(true);
    expect(await log(BIG)).toHaveLength(1);
    expect(await log('onnx/second.onnx_data')).toEqual([]);
    expect(await store.has(source, 'onnx/second.onnx_data')).toBe(true);
  });
});

describe('bytes that are here already', () => {
  const files = { 'onnx/other-name.onnx_data': SIZE };
  const links = { [BIG]: 'onnx/other-name.onnx_data' };

  it('are not fetched again for another package, under another name', async () => {
    const first = await serve({ files, links: {}, seed: 99 });
    await store.read(first.source, 'onnx/other-name.onnx_data');
    const second = await serve({ files, links, seed: 99 });
    const { bytes } = await store.read(second.source, BIG);
    expect(same(bytes, contentOf('onnx/other-name.onnx_data', SIZE, 99))).toBe(true);
    expect(await second.log(BIG)).toEqual([]);
    expect(await second.log('onnx/other-name.onnx_data')).toEqual([]);
  });

  it('are removed when a new manifest no longer names them', async () => {
    const { source, update } = await serve({ seed: 101 });
    await store.read(source, BIG);
    const before = await store.blobs();
    await update({ seed: 102 });
    await store.read(source, 'config.json');
    // The old weights and the old config are gone; the new config is there.
    expect(await store.blobs()).toBe(before);
    await store.read(source, BIG);
    expect(await store.blobs()).toBe(before + 1);
  });
});

describe('two tabs', () => {
  const otherWorker = new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module' });
  const other = wrap<StoreWorkerApi>(otherWorker);
  afterAll(() => otherWorker.terminate());

  it('fetch a file once: the second waits for the first, and says so', async () => {
    const { source, log } = await serve({
      seed: 55,
      faults: [{ type: 'hang', path: BIG, times: 1, after: 3 * CHUNK }],
    });
    const first = store.read(source, BIG, { silentAt: 3 * CHUNK });
    await expect.poll(async () => (await log(BIG)).length, { timeout: 30_000 }).toBe(1);
    const second = await other.read(source, BIG);
    expect(same((await first).bytes, contentOf(BIG, SIZE, 55))).toBe(true);
    expect(same(second.bytes, contentOf(BIG, SIZE, 55))).toBe(true);
    expect(second.notices).toEqual([{ type: 'other-tab', file: BIG }]);
    // The first request, and the rest after the silence.
    expect(await log(BIG)).toHaveLength(2);
  });
});
