/** Bytes that went bad on the disk or on the stick after they were checked: named as damage, not as a device that computes wrong. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Manifest } from '#core/protocol/manifest.ts';
import { EngineClient, failureOf } from './client.ts';
import { packageFiles, packageUrl } from './model.ts';

vi.setConfig({ testTimeout: 120_000 });
const name = 'self-test';
const options = { contextLength: 128, provider: 'wasm' } as const;
const client = new EngineClient();
// Other files leave packages, whose files may have the size of the one that is spoilt.
beforeAll(async () => {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry('model-store', { recursive: true }).catch(() => undefined);
});
afterAll(() => client.terminate());

/** The files of the package whose bytes are worth spoiling. */
async function listed(): Promise<[path: string, size: number][]> {
  const manifest: Manifest = await (await fetch(`${packageUrl(name)}manifest.json`)).json();
  return Object.entries(manifest.files).map(([path, { size }]) => [path, size]);
}

/** Changes a downloaded file, which is found by its size. */
async function spoil(size: number): Promise<void> {
  const store = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-store');
  for await (const [, handle] of (await store.getDirectoryHandle('blobs')).entries()) {
    if (!(handle instanceof FileSystemFileHandle)) continue;
    const file = await handle.getFile();
    if (file.size !== size) continue;
    const writable = await handle.createWritable();
    await writable.write(spoiled(await file.arrayBuffer()));
    await writable.close();
    return;
  }
  throw new Error(`no file of ${size} bytes is stored`);
}

/** Half of the bytes, in the middle, with all of their bits turned: enough that every computation differs. */
function spoiled(bytes: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const quarter = bytes.byteLength / 4;
  return Uint8Array.from(new Uint8Array(bytes), (byte, at) => (at > quarter && at < 3 * quarter ? byte ^ 0xff : byte));
}

test.each([/^onnx\/model.*_data$/, /^onnx\/model.*\.onnx$/, /^tokenizer\.json$/])(
  'a stored file %s: it is named, and the next opening fetches what was damaged',
  async (pattern) => {
    await client.model(name, options);
    const [path, size] = (await listed()).find(([each]) => pattern.test(each)) ?? ['', 0];
    await spoil(size);
    expect(failureOf(await client.open(name, options))).toEqual({ code: 'hash-mismatch', detail: { file: path } });
    expect((await client.model(name, options)).selfTest.state).toBe('passed');
  },
);

test('a file of a stick: it is named', async () => {
  const source = await packageFiles(name);
  if (source.type !== 'files') throw new Error('not files');
  const files = await Promise.all(
    source.files.map(async ({ path, blob }) => {
      if (!/^onnx\/model.*_data$/.test(path) || !(blob instanceof Blob)) return { path, blob };
      return { path, blob: new Blob([spoiled(await blob.arrayBuffer())]) };
    }),
  );
  expect(failureOf(await client.open({ ...source, files }, options))).toMatchObject({ code: 'hash-mismatch' });
});
