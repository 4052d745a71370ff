/** The self-test of a package: what the exporter writes, that right values pass, and that each wrong part is named. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SelfTest } from '#core/self-test/expected.ts';
import { parseManifest } from '#core/protocol/manifest.ts';
import { FailureError } from '#core/failure.ts';
import { main } from '../../../cli/export/command.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { nodeBackend } from '../../../cli/shared/runtime/node-backend.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { loadModel, type LoadedModel } from '../../../workers/engine/model/load.ts';
import { readParts } from '../../../workers/engine/opened.ts';
import { checkModel, refuseKnownWrong } from '../../../workers/engine/self-test/check.ts';
import { runSelfTest } from '../../../workers/engine/self-test/run.ts';
import { fixture } from '../../reference/node.ts';
import { runCommandHere } from '../cli/run.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const never = new AbortController().signal;
const folder = await mkdtemp(join(tmpdir(), 'self-test-'));
const checkpoint = join(folder, 'checkpoint');
const out = join(folder, 'package');
let model: LoadedModel;
let expected: SelfTest;

beforeAll(async () => {
  // A worker of a browser has one; Node 20 has none.
  vi.stubGlobal('navigator', { userAgent: 'test' });
  await cp(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await writeStandInTokenizer(checkpoint);
  const { status, stderr } = await runCommandHere(main, [
    ...['--checkpoint', checkpoint, '--out', out, '--dtype', 'q4f16', '--random-weights'],
  ]);
  expect(status, stderr).toBe(0);
  const { selfTest } = parseManifest(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')));
  if (!selfTest) throw new Error('the manifest has no self-test');
  expected = selfTest;
  model = await open();
});
afterAll(async () => {
  await model.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function open(variant?: string): Promise<LoadedModel> {
  const { pack } = await readParts(await FolderReader.open(out, { wanted: 'package', recursive: true }));
  return loadModel(pack, nodeBackend(), { contextLength: 512, variant }, never, () => undefined);
}

const altered = (values: readonly number[]) => values.map((value, at) => (at % 2 ? value : -value));

test('the values that another process computed come out again, and the cache is empty afterwards', async () => {
  expect(await runSelfTest(model, expected, never)).toEqual({ wrong: undefined, most: expect.any(Number) });
  const { most } = await runSelfTest(model, expected, never);
  expect(most).toBeLessThan(1e-4);
  expect(model.decoder.length).toBe(0);
});

test('float16 arithmetic over the same weights passes, far below the limit', async () => {
  const half = await open('q4f16');
  try {
    const { wrong, most } = await runSelfTest(half, expected, never);
    expect(wrong).toBeUndefined();
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(0.02);
  } finally {
    await half.dispose();
  }
});

test.each<[string, (test: SelfTest) => SelfTest]>([
  ['prefill', (all) => ({ ...all, logits: all.logits.map((row, at) => (at === 0 ? altered(row) : row)) })],
  ['decode', (all) => ({ ...all, logits: all.logits.map((row, at) => (at === 2 ? altered(row) : row)) })],
  ['image', (all) => ({ ...all, image: all.image && { ...all.image, features: altered(all.image.features) } })],
  ['imagePrefill', (all) => ({ ...all, image: all.image && { ...all.image, logits: altered(all.image.logits) } })],
])('wrong values are found in %s', async (part, change) => {
  expect(await runSelfTest(model, change(expected), never)).toMatchObject({ wrong: part });
});

test('an image whose features do not reach the decoder is found, though little depends on it in a random model', async () => {
  const { effect } = expected.image ?? { effect: 0 };
  expect(effect).toBeGreaterThan(0.02);
  const { embedding } = model;
  const deaf: LoadedModel['embedding'] = {
    embed: (ids) => embedding.embed(ids),
    embedWithImages: (ids) => embedding.embed(ids),
    dispose: () => undefined,
  };
  await expect(runSelfTest({ ...model, embedding: deaf }, expected, never)).resolves.toMatchObject({
    wrong: 'imagePrefill',
  });
});

test('a model that fails is refused with what a safer way needs to know, and the next time before it is loaded', async () => {
  const pack = model.package;
  if (!pack.manifest) throw new Error('the package has no manifest');
  const wrong = { ...expected, logits: expected.logits.map(altered) };
  const failing = { ...model, package: { ...pack, manifest: { ...pack.manifest, selfTest: wrong } } };
  const failure = await checkModel(failing, {}, never).catch((error: unknown) => error);
  if (!(failure instanceof FailureError)) throw new Error(String(failure));
  expect(failure.failure).toMatchObject({
    code: 'self-test',
    detail: { part: 'prefill', provider: 'cpu', variant: 'q4', fullVariant: '', subgroups: 'off' },
  });
  const key = String(failure.detail['key']);
  expect(() => refuseKnownWrong(failing.package, model.backend, { selfTests: { [key]: 'prefill' } })).toThrow(failure);
  expect(() => refuseKnownWrong(failing.package, model.backend, { selfTests: { [key]: 'passed' } })).not.toThrow();
  expect(await checkModel(failing, { selfTests: { [key]: 'passed' } }, never)).toMatchObject({
    selfTest: { state: 'known', difference: undefined, key },
  });
});

test('--no-self-test leaves it out, and a package without it says so', async () => {
  const bare = join(folder, 'bare');
  await runCommandHere(main, [
    ...['--checkpoint', checkpoint, '--out', bare, '--dtype', 'q4', '--random-weights', '--no-self-test'],
  ]);
  const manifest = parseManifest(JSON.parse(await readFile(join(bare, 'manifest.json'), 'utf8')));
  expect(manifest.selfTest).toBeUndefined();
  const without = { ...model, package: { ...model.package, manifest } };
  expect(await checkModel(without, {}, never)).toMatchObject({ selfTest: { state: 'none', key: undefined } });
});

test('a manifest whose rows do not fit its ids is broken', async () => {
  const json = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  json.selfTest.logits[1].pop();
  expect(() => parseManifest(json)).toThrow(/selfTest\.logitIds/);
  json.selfTest.logits.pop();
  expect(() => parseManifest(json)).toThrow(/one row for each/);
});
