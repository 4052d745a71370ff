/** Which files of the build are kept: all of them, but one of the two WebAssembly files for WebGPU. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { filesToKeep, totalBytes } from '#core/offline/page-files.ts';
import { pageFiles } from '../../../scripts/page-files.ts';
import { temporaryFolder } from '../cli/run.ts';

/** Names as the build gives them. */
const BUILT: Record<string, string> = {
  'index.html':
    '<link rel="stylesheet" crossorigin href="./assets/index-a.css"><script type="module" src="./assets/index-b.js"></script>',
  'assets/index-a.css': '.a{}',
  'assets/index-b.js': 'import"./part-c.js";import("./open-lora-d.js")',
  'assets/part-c.js': '',
  'assets/open-lora-d.js': '',
  'assets/ort-wasm-simd-threaded-4byDm7i3.wasm': 'cpu',
  'assets/ort-wasm-simd-threaded.jspi-CP6SXO_B.wasm': 'jspi',
  'assets/ort-wasm-simd-threaded.asyncify-CxOG5pUO.wasm': 'asyncify',
  'models/README.md': 'for people',
  'models/mine/model.safetensors': 'weights',
  'service-worker.js': '',
};

it('lists every file of the build with its hash, and what must be there before anything shows', async () => {
  const dist = await temporaryFolder();
  for (const [path, text] of Object.entries(BUILT)) {
    await mkdir(dirname(join(dist, path)), { recursive: true });
    await writeFile(join(dist, path), text);
  }
  const files = await pageFiles(dist);
  expect(files.map(({ path }) => path)).toEqual(
    Object.keys(BUILT)
      .filter((path) => path !== 'service-worker.js' && path !== 'models/README.md')
      .sort(),
  );
  for (const { path, bytes, sha256 } of files) {
    const text = BUILT[path] ?? '';
    expect([bytes, sha256]).toEqual([text.length, createHash('sha256').update(text).digest('hex')]);
  }
  const shell = files.filter((file) => file.shell).map(({ path }) => path);
  expect(shell).toEqual(['assets/index-a.css', 'assets/index-b.js', 'assets/part-c.js', 'index.html']);

  const kept = (build: 'jspi' | 'asyncify' | undefined) =>
    filesToKeep(files, build).flatMap(({ path }) => /threaded(.*)-\w+\.wasm$/.exec(path)?.[1] ?? []);
  expect(kept('jspi')).toEqual(['', '.jspi']);
  expect(kept('asyncify')).toEqual(['', '.asyncify']);
  expect(kept(undefined)).toEqual(['']);
  expect(totalBytes(files) - totalBytes(filesToKeep(files, 'jspi'))).toBe('asyncify'.length);
});
