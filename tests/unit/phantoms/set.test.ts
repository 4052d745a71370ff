import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { lesionMap, renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { isJsonObject } from '#core/json.ts';
import { main } from '../../../cli/phantoms/command.ts';
import { npyHeader, writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { entry, ROOT, runCommandHere, runNodeProcess, startNodeProcess, temporaryFolder } from '../cli/run.ts';

async function lines(path: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (!isJsonObject(value)) throw new Error(line);
      return value;
    });
}

describe('writePhantomSet', () => {
  it('writes images, truth and questions that belong together, and says what it wrote', async () => {
    const out = join(await temporaryFolder(), 'set');
    const count = 150;
    let progress = 0;
    const meta = await writePhantomSet({
      ...{ out, split: 'evaluation', seed: 5, count, questions: 3 },
      onProgress: (phantoms) => (progress += phantoms),
    });
    expect(progress).toBe(count);
    const images = await readFile(join(out, 'images.npy'));
    const header = npyHeader('|u1', [count, 64, 64]);
    expect(images.subarray(0, header.length).equals(header)).toBe(true);
    const last = drawPhantom(phantomSeed('evaluation', 5, count - 1));
    expect(images.subarray(header.length + (count - 1) * 64 * 64).equals(renderPhantom(last))).toBe(true);

    const maps = await readFile(join(out, 'maps.npy'));
    const lastMap = maps.subarray(npyHeader('|i1', [count, 32, 32]).length + (count - 1) * 32 * 32);
    expect(lastMap.equals(Buffer.from(lesionMap(last).buffer))).toBe(true);

    const truths = await lines(join(out, 'truth.jsonl'));
    expect(truths.map(({ seed }) => seed)).toEqual(
      Array.from({ length: count }, (_, i) => phantomSeed('evaluation', 5, i)),
    );
    expect(truths.at(-1)?.['lesions']).toEqual(
      last.lesions.map(({ quadrant, shape, brightness, x, y, radius }, i) => {
        return { quadrant, shape, brightness, x, y, radius, largest: last.lesions[i] === last.largest };
      }),
    );
    const questions = await lines(join(out, 'questions.jsonl'));
    const about = questions.filter(({ image }) => image !== null);
    expect(about).toHaveLength(count * 3 * 2);
    expect(new Set(about.map(({ image }) => image)).size).toBe(count);
    expect(questions.length - about.length).toBe(meta.questions.without_image);
    expect(meta.lesions.reduce((a, b) => a + b)).toBe(count);
    for (const [name, sha256] of Object.entries(meta.sha256)) {
      const hash = createHash('sha256').update(await readFile(join(out, name)));
      expect(hash.digest('hex'), name).toBe(sha256);
    }
    expect(JSON.parse(await readFile(join(out, 'meta.json'), 'utf8'))).toEqual(meta);
  });

  it('gives the same files for the same seed, other files for another seed or split', async () => {
    const folder = await temporaryFolder();
    const options = { split: 'train', seed: 1, count: 10, questions: 4 } as const;
    const first = await writePhantomSet({ ...options, out: join(folder, 'a') });
    const again = await writePhantomSet({ ...options, out: join(folder, 'b') });
    const others = [
      await writePhantomSet({ ...options, seed: 2, out: join(folder, 'c') }),
      await writePhantomSet({ ...options, split: 'evaluation', out: join(folder, 'd') }),
    ];
    expect(again).toEqual(first);
    for (const other of others) expect(other.sha256['images.npy']).not.toBe(first.sha256['images.npy']);
    // A task changes what is asked and answered, and nothing else.
    const { task, sha256 } = await writePhantomSet({ ...options, task: 'report', out: join(folder, 'e') });
    expect([first.task, task]).toEqual(['base', 'report']);
    expect(sha256).toEqual({
      ...first.sha256,
      'questions.jsonl': expect.not.stringMatching(first.sha256['questions.jsonl'] ?? '') as unknown,
    });
    // Golden: what was trained on a set can be trained on it again.
    expect(first.sha256).toEqual({
      'images.npy': 'c72a9979285158dfaa1982d4d817612f9cf7003a301df6cd58de67ad1b7e794b',
      'maps.npy': '299ab5ecd311dc4364ed5e0b533c6aebee8908fe6ab1b318c4c93af09227e8ec',
      'questions.jsonl': 'bf4856e9ead222c6e8b61dc8cfeed6a5483d38c2ae393e63a80c6cfef23e9711',
      'truth.jsonl': 'f9652c4f758e84564f634f77fe8a3ab296ec4e6ec390653336c5864bba1763ec',
    });
  });

  it('leaves what is there alone, and nothing behind', async () => {
    const folder = await temporaryFolder();
    const options = { split: 'train', seed: 0, count: 4, questions: 1 } as const;
    await mkdir(join(folder, 'full'));
    await writeFile(join(folder, 'full', 'mine.txt'), '');
    await writeFile(join(folder, 'file'), '');
    await expect(writePhantomSet({ ...options, out: join(folder, 'full') })).rejects.toThrow(
      /full already holds something \(mine\.txt\); name a new or empty folder/,
    );
    await expect(writePhantomSet({ ...options, out: join(folder, 'file') })).rejects.toThrow(/is a file/);
    const stop = new AbortController();
    const stopped = writePhantomSet({
      ...{ ...options, count: 1000, out: join(folder, 'deep', 'er', 'set'), signal: stop.signal },
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    await expect(writePhantomSet({ ...options, count: 1_000_001, out: join(folder, 'x') })).rejects.toThrow(RangeError);
    expect((await readdir(folder)).sort()).toEqual(['file', 'full']);
  });

  it('fills an empty folder', async () => {
    const out = await temporaryFolder();
    await writePhantomSet({ out, split: 'page', seed: 0, count: 1, questions: 1 });
    expect((await readdir(out)).sort()).toEqual([
      'images.npy',
      'maps.npy',
      'meta.json',
      'questions.jsonl',
      'truth.jsonl',
    ]);
  });
});

it('npyHeader is a multiple of 64 bytes and names type and shape', () => {
  for (const shape of [[1], [10, 64, 64], [999_999, 64, 64]]) {
    const header = npyHeader('|u1', shape);
    expect(header.length % 64).toBe(0);
    expect(header[8]).toBe(header.length - 10);
    expect(Buffer.from(header.subarray(1, 6)).toString()).toBe('NUMPY');
  }
  expect(Buffer.from(npyHeader('|i1', [1])).toString('latin1')).toContain(
    "{'descr': '|i1', 'fortran_order': False, 'shape': (1,)",
  );
});

describe('npm run phantoms', { timeout: 60_000 }, () => {
  it('writes a set, shows how far it is, and what guessing would score', async () => {
    const out = join(await temporaryFolder(), 'set');
    const { status, stdout, stderr } = await runCommandHere(main, ['--seed', '3', '--count', '200', '--out', out]);
    expect(stderr).toMatch(/100% \| 0\.8 of 0\.8 MB/);
    expect(stdout).toMatch(/^brightness( +\d+\.\d %){4}$/m);
    expect(stdout).toContain('set: 200 phantoms (base, train, seed 3), 1600 questions about them');
    expect(status).toBe(0);
  });

  it.each<[string, string[], RegExp]>([
    ['no arguments', [], /required option '--seed/],
    ['a broken seed', ['--seed', 'x', '--count', '1', '--out', 'OUT'], /whole number from 0 to 999999/],
    ['no phantoms', ['--seed', '0', '--count', '0', '--out', 'OUT'], /whole number from 1 to 1000000/],
    ['an unknown task', ['--seed', '0', '--count', '1', '--out', 'OUT', '--task', 'x'], /base, report, patient-side/],
    ['an unknown split', ['--seed', '0', '--count', '1', '--out', 'OUT', '--split', 'x'], /train, evaluation, page/],
    ['a full folder', ['--seed', '0', '--count', '1', '--out', ROOT], /^error: .* already holds something/m],
  ])('ends with 1 on %s and makes nothing', async (_, args, message) => {
    const folder = await temporaryFolder();
    const { status, stderr } = await runCommandHere(
      main,
      args.map((arg) => (arg === 'OUT' ? join(folder, 'set') : arg)),
    );
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps nothing when it is stopped', async () => {
    const folder = await temporaryFolder();
    const child = startNodeProcess([
      ...entry('phantoms'),
      ...['--seed', '0', '--count', '500000', '--out', join(folder, 'set')],
    ]);
    await expect.poll(() => readdirSync(folder), { timeout: 30_000, interval: 20 }).toHaveLength(1);
    child.kill('SIGINT');
    const { code, stderr } = await child.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('error: stopped by SIGINT; nothing was kept');
    expect(await readdir(folder)).toEqual([]);
  });

  it('ends its process with 1 on an error', async () => {
    const { status, stdout, stderr } = await runNodeProcess([
      ...entry('phantoms'),
      '--seed',
      '0',
      '--count',
      '1',
      '--out',
      ROOT,
    ]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: .* already holds something/m);
  });
});
