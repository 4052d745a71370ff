/** The stick: what stands on it, that it is what was copied, and that it is served from wherever it is put. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../../cli/booth/command.ts';
import { runCommandHere, temporaryFolder } from '../cli/run.ts';
import { NODE } from './stick-server.ts';

const WEIGHTS = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function writeFiles(folder: string, files: Record<string, string | Buffer>): Promise<string> {
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), contents);
  }
  return folder;
}

const page = async () =>
  writeFiles(join(await temporaryFolder(), 'dist'), {
    'index.html': '<title>page</title>',
    'service-worker.js': '',
    'assets/a.js': 'export {};',
  });

async function modelPackage(name = 'my model'): Promise<string> {
  const config = Buffer.from('{}');
  const entry = (bytes: Buffer) => ({ size: bytes.length, sha256: sha256(bytes), chunks: [sha256(bytes)] });
  const manifest = {
    format: 'medgemma-ko-lab/1',
    name,
    created: '2026-01-01T00:00:00Z',
    generator: 'a test',
    architecture: 'Gemma3ForCausalLM',
    parameters: 1,
    source: { checkpoint: 'tiny', files: {}, randomWeights: true, notice: 'from nowhere, terms: none' },
    variants: [{ decoder: 'q4', blockSize: 32, unquantized: [], tiedEmbedding: false }],
    changes: [],
    chunkSize: 4096,
    files: { 'config.json': entry(config), 'onnx/decoder.onnx_data': entry(WEIGHTS) },
  };
  return writeFiles(join(await temporaryFolder(), name), {
    'config.json': config,
    'onnx/decoder.onnx_data': WEIGHTS,
    'manifest.json': JSON.stringify(manifest),
    'notes.txt': 'not of the package',
  });
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(folder.length + 1).replaceAll('\\', '/')).sort();
}

describe('npm run booth', () => {
  it('writes page, package, server, texts and checksums, and the copy is served from another folder', async () => {
    const out = join(await temporaryFolder(), 'stick');
    const args = ['--package', await modelPackage(), '--page', await page(), '--out', out, '--kiosk'];
    const { status, stdout, stderr } = await runCommandHere(main, args);
    expect(stderr).toContain('terms: none');
    expect(status).toBe(0);
    expect(stdout).toContain('http://localhost:8765/');
    const files = await filesUnder(out);
    expect(files).toEqual([
      'README.ko.md',
      'README.md',
      'SHA256SUMS',
      'index.html',
      'packages/my-model/config.json',
      'packages/my-model/manifest.json',
      'packages/my-model/onnx/decoder.onnx_data',
      'page/assets/a.js',
      'page/index.html',
      'page/service-worker.js',
      'serve.cs',
      'serve.mjs',
      'serve.ps1',
      'serve.py',
      'start.bat',
      'start.command',
    ]);
    const sums = (await readFile(join(out, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
    expect(sums.map((line) => line.slice(66))).toEqual(files.filter((file) => file !== 'SHA256SUMS'));
    for (const line of sums) expect(sha256(await readFile(join(out, line.slice(66))))).toBe(line.slice(0, 64));
    for (const name of ['README.md', 'README.ko.md'])
      expect(await readFile(join(out, name), 'utf8')).toContain(
        '<http://localhost:8765/page/?kiosk&package=../packages/my-model/>',
      );

    const elsewhere = join(await temporaryFolder(), '다른 곳');
    await cp(out, elsewhere, { recursive: true });
    const url = await NODE.start(elsewhere);
    const start = await (await fetch(url)).text();
    const address = /url=([^"]+)/.exec(start)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const opened = new URL(address, url);
    expect(await (await fetch(opened)).text()).toBe('<title>page</title>');
    const weights = new URL(`${opened.searchParams.get('package') ?? ''}onnx/decoder.onnx_data`, opened);
    expect(Buffer.from(await (await fetch(weights)).arrayBuffer())).toEqual(WEIGHTS);
  });

  it.each<[string, (given: { page: string; model: string }) => Promise<unknown>, RegExp]>([
    [
      'a changed byte of the package',
      ({ model }) => writeFile(join(model, 'onnx/decoder.onnx_data'), Buffer.alloc(WEIGHTS.length)),
      /onnx_data is not what manifest\.json lists/,
    ],
    [
      'a package cut short',
      ({ model }) => writeFile(join(model, 'onnx/decoder.onnx_data'), 'short'),
      /onnx_data is not what manifest\.json lists/,
    ],
    ['a broken manifest', ({ model }) => writeFile(join(model, 'manifest.json'), '{}'), /manifest\.json is broken/],
  ])('refuses %s, and leaves nothing', async (_, damage, message) => {
    const given = { page: await page(), model: await modelPackage('broken') };
    await damage(given);
    const out = join(await temporaryFolder(), 'stick');
    const { status, stderr } = await runCommandHere(main, [
      '--package',
      given.model,
      '--page',
      given.page,
      '--out',
      out,
    ]);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    await expect(stat(out)).rejects.toThrow('ENOENT');
    await expect(stat(`${out}.partial`)).rejects.toThrow('ENOENT');
  });

  it('takes a package that the page wrote into a folder, where bytes that are listed twice stand once', async () => {
    const model = await modelPackage('exported');
    const path = join(model, 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { files: Record<string, unknown> };
    manifest.files['onnx/other.onnx_data'] = manifest.files['onnx/decoder.onnx_data'];
    await writeFile(path, JSON.stringify(manifest));
    const out = join(await temporaryFolder(), 'stick');
    const { status } = await runCommandHere(main, ['--package', model, '--page', await page(), '--out', out]);
    expect(status).toBe(0);
    for (const name of ['decoder', 'other'])
      expect(await readFile(join(out, `packages/exported/onnx/${name}.onnx_data`))).toEqual(WEIGHTS);
  });

  it('says what to run first without a built page, and which names are the same', async () => {
    const out = join(await temporaryFolder(), 'stick');
    const empty = await runCommandHere(main, ['--page', await temporaryFolder(), '--out', out]);
    expect([empty.status, empty.stderr]).toEqual([1, expect.stringContaining('npm run build')]);
    const twice = ['--package', await modelPackage('a b'), '--package', await modelPackage('a+b')];
    const same = await runCommandHere(main, [...twice, '--page', await page(), '--out', out]);
    expect([same.status, same.stderr]).toEqual([1, expect.stringContaining('two packages are called a-b')]);
  });
});
