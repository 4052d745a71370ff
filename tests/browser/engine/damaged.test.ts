/** Bytes that went bad on the disk or on the stick after they were checked: named as damage, not as a device that computes wrong. */
import { afterAll, expect, test, vi } from 'vitest';
import type { Manifest } from '#core/protocol/manifest.ts';
import { EngineClient, failureOf } from './client.ts';
import { packageFiles, packageUrl } from './model.ts';

vi.setConfig({ testTimeout: 120_000 });
const name = 'self-test';
const options = { contextLength: 128, provider: 'wasm' } as const;
const client = new EngineClient();
afterAll(() => client.terminate());

/** The files of the package whose bytes are worth spoiling. */
async function listed(): Promise<[path: string, size: number][]> {
  const manifest: Manifest = await (await fetch(`${packageUrl(name)}manifest.json`)).json();
  return Object.entries(manifest.files).map(([path, { size }]) => [path, size]);
}

/** Changes a byte in the middle of a downloaded file, which is found by its size. */
async function spoil(size: number): Promise<void> {
  const store = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-store');
  for await (const [, handle] of (await store.getDirectoryHandle('blobs')).entries()) {
    if (!(handle instanceof FileSystemFileHandle)) continue;
    const file = await handle.getFile();
    if (file.size !== size) continue;
    const writable = await handle.createWritable({ keepExistingData: true });
    await writable.write({ type: 'write', position: Math.floor(size / 2), data: spoiled(await file.arrayBuffer()) });
    await writable.close();
    return;
  }
  throw new Error(`no file of ${size} bytes is stored`);
}

/** 32 bytes from the middle on, all of their bits turned. */
function spoiled(bytes: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const middle = Math.floor(bytes.byteLength / 2);
  return Uint8Array.from(new Uint8Array(bytes, middle, Math.min(32, bytes.byteLength - middle)), (byte) => byte ^ 0xff);
}

test.each([/^onnx\/decoder.*_data$/, /^onnx\/decoder.*\.onnx$/, /^tokenizer\.json$/])(
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
      if (!/^onnx\/decoder.*_data$/.test(path) || !(blob instanceof Blob)) return { path, blob };
      const bytes = await blob.arrayBuffer();
      new Uint8Array(bytes).set(spoiled(bytes), Math.floor(bytes.byteLength / 2));
      return { path, blob: new Blob([bytes]) };
    }),
  );
  expect(failureOf(await client.open({ ...source, files }, options))).toMatchObject({ code: 'hash-mismatch' });
});
