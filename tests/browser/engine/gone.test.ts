/** A stick pulled out: files that were picked vanish while the model loads and while it runs. tests/e2e/stick.test.ts changes them. */
import { afterEach, expect, test } from 'vitest';
import type { PackageSource } from '#core/protocol/engine.ts';
import { EngineClient, failureOf } from './client.ts';
import { packageFiles } from './model.ts';
import { breath, expectedAnswers } from './questions.ts';

type Picked = Extract<PackageSource, { type: 'files' }>;
const FOLDER = 'stick';
const client = new EngineClient();
afterEach(async () => {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(FOLDER, { recursive: true }).catch(() => undefined);
});

/** Files of a real file system: a File of it is no copy and can be lost. */
async function pick(): Promise<{ source: Picked; lose(path: string): Promise<void> }> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  const { name, files } = await packageFiles('text-only').then((source) => {
    if (source.type !== 'files') throw new Error('not files');
    return source;
  });
  const nameOf = (path: string) => path.replaceAll('/', '|');
  const written = await Promise.all(
    files.map(async ({ path, blob }) => {
      const handle = await folder.getFileHandle(nameOf(path), { create: true });
      const writable = await handle.createWritable();
      if (!(blob instanceof Blob)) throw new Error('not a Blob');
      await writable.write(blob);
      await writable.close();
      return { path, blob: await handle.getFile() };
    }),
  );
  const lose = (path: string) => folder.removeEntry(nameOf(path));
  return { source: { type: 'files', name, files: written }, lose };
}

const weights = ({ files }: Picked) => files.find(({ path }) => path.endsWith('.onnx_data'))?.path ?? '';
const cases = [
  ['the manifest', () => 'manifest.json'],
  ['the tokenizer', () => 'tokenizer.json'],
  ['the weights', weights],
] as const;

test.each(cases)('%s gone while the model loads: says so, and the files opened again answer', async (_, which) => {
  const first = await pick();
  await first.lose(which(first.source));
  const failure = failureOf(await client.open(first.source));
  expect(failure).toMatchObject({ code: 'file-gone', detail: { reason: expect.stringMatching(/./) } });
  const again = await pick();
  await client.model(again.source);
  const expected = await expectedAnswers();
  expect((await client.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.textOnly[breath]?.slice(0, 3));
});

test('gone while the model runs: it goes on, since nothing is read any more', async () => {
  const { source, lose } = await pick();
  await client.model(source);
  for (const { path } of source.files) await lose(path);
  const expected = await expectedAnswers();
  expect((await client.ask(breath)).ids.slice(0, 3)).toEqual(expected.textOnly[breath]?.slice(0, 3));
});
