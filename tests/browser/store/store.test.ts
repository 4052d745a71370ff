import { wrap } from 'comlink';
import { afterAll, describe, expect, it } from 'vitest';
import { contentOf, type LogEntry, type Setup } from './setup.ts';
import type { StoreWorkerApi } from './store.worker.ts';

const worker = new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module' });
const store = wrap<StoreWorkerApi>(worker);
afterAll(() => worker.terminate());

const CHUNK = 64 * 1024;
const SIZE = 10 * CHUNK + 123;
const BIG = 'onnx/model.onnx_data';
const FILES = { [BIG]: SIZE, 'config.json': 20 };

/** A package on the test server, at an address of its own. */
async function serve(setup: Partial<Setup> = {}) {
  const url = `${location.origin}/package/${crypto.randomUUID()}/`;
  const update = async (next: Partial<Setup>) => {
    const body: Setup = { files: FILES, chunkSize: CHUNK, ...setup, ...next };
    await fetch(url, { method: 'PUT', body: JSON.stringify(body) });
  };
  await update({});
  const log = async (path: string): Promise<LogEntry[]> => {
    const all: LogEntry[] = await (await fetch(`${url}?log`)).json();
    return all.filter((entry) => entry.path === path && entry.method === 'GET');
  };
  return { source: { type: 'url' as const, url }, update, log };
}

const whole = contentOf(BIG, SIZE);
const same = (a: Uint8Array | undefined, b: Uint8Array) =>
  a?.length === b.length && a.every((byte, i) => byte === b[i]);

describe.each([
  ['with a manifest', CHUNK],
  ['without', 0],
])('download %s', (_, chunkSize) => {
  it('brings the file once, and finds it the next time', async () => {
    const { source, log } = await serve({ chunkSize });
    const first = await store.read(source, BIG);
    expect(same(first.bytes, whole)).toBe(true);
    expect(first.notices).toEqual([]);
    expect(first.list).toEqual(chunkSize ? ['config.json', 'manifest.json', BIG] : undefined);
    expect(first.progress.at(-1)).toEqual([SIZE, SIZE]);
    const second = await store.read(source, BIG);
    expect(same(second.bytes, whole)).toBe(true);
    expect(await log(BIG)).toHaveLength(1);
  });

  it('goes on behind a cut connection', async () => {
    const after = 5 * CHUNK + 99;
    const { source, log } = await serve({ chunkSize, faults: [{ type: 'cut', path: BIG, times: 1, after }] });
    const { bytes, progress } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    const requests = await log(BIG);
    // What cannot be checked yet, a part of a chunk, is asked for again.
    expect(requests.map(({ range }) => range)).toEqual([undefined, `bytes=${chunkSize ? 5 * CHUNK : after}-`]);
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
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${after}-`);
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
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${4 * CHUNK}-`);
    expect(progress[0]?.[0]).toBeGreaterThan(4 * CHUNK);
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
    // Only a manifest tells the size beforehand.
    ...(chunkSize ? [['too small a quota', { roomLeft: 1000 }, 'no-room'] as const] : []),
  ] as const;
  it.each(circumstances)('keeps the file in memory, and says so: %s', async (_, circumstance, reason) => {
    const { source } = await serve({ chunkSize });
    const { bytes, notices } = await store.read(source, BIG, circumstance);
    expect(same(bytes, whole)).toBe(true);
    expect(notices).toEqual([{ type: 'kept-in-memory', file: BIG, reason }]);
    const later = await store.read(source, BIG);
    expect(same(later.bytes, whole)).toBe(true);
    expect(later.notices).toEqual([]);
  });

  it('uses the copy of an earlier visit when the server is gone, and says so', async () => {
    const { source, update } = await serve({ chunkSize });
    await store.read(source, BIG);
    await update({ gone: true });
    const { bytes, notices } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect(notices).toEqual([{ type: 'offline-copy', file: chunkSize ? 'manifest.json' : BIG }]);
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
    expect((await log(BIG)).map(({ range }) => range)).toEqual([undefined, `bytes=${3 * CHUNK}-`]);
  });
});

describe('hashes', () => {
  it('refuses wrong bytes, keeps what was right before them, and gets well', async () => {
    const at = 6 * CHUNK + 5;
    const { source, log } = await serve({ faults: [{ type: 'wrong', path: BIG, times: 1, at }] });
    expect((await store.read(source, BIG)).failure).toEqual({ code: 'hash-mismatch', detail: { file: BIG } });
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${6 * CHUNK}-`);
  });

  it('does not build on a part that went bad on disk', async () => {
    const { source, log } = await serve({ faults: [{ type: 'hang', path: BIG, times: 1, after: 8 * CHUNK }] });
    await store.read(source, BIG, { abortAt: 8 * CHUNK });
    await store.spoil(source.url, BIG, 2 * CHUNK + 1);
    const { bytes } = await store.read(source, BIG);
    expect(same(bytes, whole)).toBe(true);
    expect((await log(BIG)).at(-1)?.range).toBe(`bytes=${2 * CHUNK}-`);
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
