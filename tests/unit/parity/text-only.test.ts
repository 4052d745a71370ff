/** The fixture's decoder as a Gemma3ForCausalLM, which is how MedGemma 27B text comes, and the two styles of keys. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readHeader } from '#core/safetensors/header.ts';
import { cosine, maxDifference, type Golden } from '../../reference/golden.ts';
import { exportFixture, fileSource, fixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { writeNewKeys, writeTextOnly } from './checkpoints.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const textCases = ['text_short', 'text_beyond_window'] as const;
const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
let reference: Golden;

beforeAll(async () => {
  reference = await golden();
  await writeTextOnly(path('text'));
  await writeNewKeys(path('new-keys'));
  for (const dtype of ['fp32', 'q4'] as const) {
    await exportFixture(path(`text-${dtype}`), dtype, { checkpoint: path('text') });
    await exportFixture(path(`whole-${dtype}`), dtype);
    await exportFixture(path(`new-keys-${dtype}`), dtype, { checkpoint: path('new-keys') });
  }
});
afterAll(() => folder.remove());

describe('Gemma3ForCausalLM', () => {
  test.each(textCases)('fp32, %s: every logit and the greedy continuation', async (name) => {
    const model = await NodeModel.openTextOnly(path('text-fp32'), 'fp32');
    const ids = reference.cases[name]?.input_ids ?? [];
    for (const chunk of [1000, 7]) {
      const run = await model.prefill(ids, { chunk });
      expect(maxDifference(run.logits, reference.tensor(`${name}.logits`).data)).toBeLessThan(1e-3);
      expect((await model.greedy(run, 24)).ids).toEqual(reference.cases[name]?.greedy_24);
    }
  });

  test.each(textCases)('q4, %s: the same logits as the decoder of the whole model at q4', async (name) => {
    const ids = reference.cases[name]?.input_ids ?? [];
    const text = await (await NodeModel.openTextOnly(path('text-q4'), 'q4')).prefill(ids);
    const whole = await (await NodeModel.open(path('whole-q4'), 'q4')).prefill(ids);
    expect(maxDifference(text.logits, whole.logits)).toBeLessThan(1e-4);
    // 4 bits on random weights; the floors that see a wrong scale are in quantized.test.ts.
    expect(cosine(text.logits, reference.tensor(`${name}.logits`).data)).toBeGreaterThan(0.89);
  });
});

describe('keys model.language_model.…', () => {
  test('are other keys', async () => {
    const keys = async (file: string) => new Set((await readHeader(fileSource(file))).tensors.keys());
    const [old, renamed] = [
      await keys(join(fixture, 'checkpoint/model.safetensors')),
      await keys(path('new-keys/model.safetensors')),
    ];
    expect(renamed.size).toBe(old.size);
    expect([...renamed].filter((key) => old.has(key))).toEqual([]);
  });

  test.each(['fp32', 'q4'] as const)('give the same bytes in every file of the graphs, %s', (dtype) => {
    const files = readdirSync(path(`whole-${dtype}/onnx`)).sort();
    expect(files.filter((file) => file.includes('_data'))).toHaveLength(4);
    expect(readdirSync(path(`new-keys-${dtype}/onnx`)).sort()).toEqual(files);
    for (const file of files) {
      const [a, b] = ['whole', 'new-keys'].map((name) => readFileSync(path(`${name}-${dtype}/onnx/${file}`)));
      expect(a?.length).toBeGreaterThan(0);
      expect(b && a?.equals(b), file).toBe(true);
    }
  });
});
