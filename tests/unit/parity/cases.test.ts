/**
 * Checkpoints whose flags, masks or RoPE fields were once read wrongly: the logits of transformers 5.18, or a refusal by name.
 * tests/fixtures/cases/README.md says what each must do.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { maxDifference, readGolden, type Golden } from '../../reference/golden.ts';
import { exportFixture, fileSource, NodeModel, temporaryFolder } from '../../reference/node.ts';

const CASES = new URL('../../fixtures/cases/checkpoints/', import.meta.url).pathname;
const VOCABULARY = 96;
const IMAGE_TOKEN = 95;
const TOLERANCE = 1e-3;

const folder = temporaryFolder();
afterAll(() => folder.remove());

function goldenOf(name: string): Promise<Golden> {
  return readGolden(
    fileSource(join(CASES, name, 'expected.safetensors')),
    JSON.parse(readFileSync(join(CASES, name, 'cases.json'), 'utf8')),
  );
}

const multimodal = ['head-differs', 'head-untied-in-text-config', 'only-head-stored'];
const textOnly = ['rope-both-generations', 'rope-parameters-without-theta', 'rope-sliding-only'];

describe.each([...multimodal, ...textOnly])('%s', (name) => {
  test('every logit, whole and in chunks of 7, and the greedy continuation', async () => {
    const out = join(folder.path, name);
    await exportFixture(out, 'fp32', { checkpoint: join(CASES, name, 'checkpoint'), context: 256 });
    const model = textOnly.includes(name)
      ? await NodeModel.openTextOnly(out, 'fp32')
      : await NodeModel.open(out, 'fp32');
    const reference = await goldenOf(name);
    const { input_ids: ids = [], greedy_24: greedy } = reference.cases['text'] ?? {};
    expect(ids.length).toBeGreaterThan(0);
    for (const chunk of [1000, 7]) {
      const run = await model.prefill(ids, { chunk });
      expect(maxDifference(run.logits, reference.tensor('text.logits').data)).toBeLessThan(TOLERANCE);
      expect((await model.greedy(run, 24, VOCABULARY)).ids).toEqual(greedy);
    }
  });
});

test('image-longer-than-window: every logit with images of 16 tokens and a window of 6, whole and in chunks', async () => {
  const name = 'image-longer-than-window';
  const out = join(folder.path, name);
  await exportFixture(out, 'fp32', { checkpoint: join(CASES, name, 'checkpoint'), context: 256 });
  const model = await NodeModel.open(out, 'fp32');
  const reference = await goldenOf(name);
  const { input_ids: ids = [], greedy_24: greedy } = reference.cases['two_images'] ?? {};
  const features = await model.features(reference.tensor('pixel_values'));
  expect(maxDifference(features, reference.tensor('image_features').data)).toBeLessThan(TOLERANCE);
  for (const chunk of [1000, 7, 1]) {
    const run = await model.prefill(ids, { features, chunk, imageToken: IMAGE_TOKEN });
    expect(maxDifference(run.logits, reference.tensor('two_images.logits').data), `chunk ${chunk}`).toBeLessThan(
      TOLERANCE,
    );
    expect((await model.greedy(run, 24, VOCABULARY)).ids).toEqual(greedy);
  }
});

test('a stored head that config.json calls tied is named in the notes, the config and the manifest', async () => {
  const notes: string[] = [];
  const manifest = await exportPackage(
    {
      checkpoint: join(CASES, 'head-differs/checkpoint'),
      out: join(folder.path, 'told'),
      dtype: 'fp32',
      visionDtype: 'fp32',
      blockSize: 32,
      context: 256,
      name: undefined,
      randomWeights: true,
      notice: '',
    },
    { note: (text) => notes.push(text), warn() {}, progress: () => ({ add() {}, stop() {} }) },
  );
  const sentence = expect.stringMatching(
    /the stored language_model\.lm_head\.weight differs .* the stored head is used/u,
  );
  expect(notes).toContainEqual(sentence);
  expect(manifest.changes).toContainEqual(sentence);
  expect(manifest.variants[0]?.tiedEmbedding).toBe(false);
  const config: unknown = JSON.parse(readFileSync(join(folder.path, 'told/config.json'), 'utf8'));
  expect(parseConfig(config).text.tiedEmbedding).toBe(false);
});

test('bidirectional-text is refused by the field’s name', async () => {
  await expect(
    exportFixture(join(folder.path, 'bidirectional'), 'fp32', {
      checkpoint: join(CASES, 'bidirectional-text/checkpoint'),
    }),
  ).rejects.toThrow('config.json: use_bidirectional_attention is set');
});
