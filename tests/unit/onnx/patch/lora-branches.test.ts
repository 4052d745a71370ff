/** LoRA beside the products of a decoder, against PEFT's logits. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { readAdapter, type Adapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { rankOf, stackA, stackB } from '#core/lora/stack.ts';
import { addLoraBranches, type LoraBranch } from '#core/onnx/patch/lora-branches.ts';
import { maxDifference, maskOf, type Golden } from '../../../reference/golden.ts';
import { exportFixture, fileSource, fixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { floats, floatTensor, runModel } from '../session.ts';
import { decoderFeeds, graphFile } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
const json = (path: string): unknown => JSON.parse(readFileSync(join(fixture, path), 'utf8'));
const config = parseConfig(json('checkpoint/config.json'));
let reference: Golden;
let adapter: Adapter;
/** Embeddings of the cases, image features in place. */
const embeddings = new Map<string, Float32Array>();
const cases = ['text_beyond_window', 'one_image'] as const;

beforeAll(async () => {
  reference = await golden();
  const source = fileSource(join(fixture, 'lora/adapter_model.safetensors'));
  adapter = await readAdapter(parseAdapterConfig(json('lora/adapter_config.json')), source, config);
  for (const dtype of ['fp32', 'q4'] as const) await exportFixture(join(folder.path, dtype), dtype);
  const model = await NodeModel.open(join(folder.path, 'fp32'), 'fp32');
  const features = await model.features(reference.tensor('pixel_values'));
  for (const name of cases) {
    const ids = reference.cases[name]?.input_ids ?? [];
    const values = await model.embeddings(ids);
    const width = config.text.hiddenSize;
    let image = 0;
    maskOf(ids).forEach((mask, at) => {
      if (mask > 1) values.set(features.subarray(image * width, ++image * width), at * width);
    });
    embeddings.set(name, values);
  }
});
afterAll(() => folder.remove());

const decoder = (dtype: 'fp32' | 'q4') =>
  graphFile(join(folder.path, dtype), `decoder_model_merged${dtype === 'q4' ? '_q4' : ''}.onnx`);

/** Logits of all positions of a case; `strengths` undefined runs the graph as it was exported. */
async function logits(
  name: (typeof cases)[number],
  dtype: 'fp32' | 'q4',
  adapters: readonly Adapter[] = [],
  strengths?: readonly number[],
): Promise<Float32Array> {
  const { model, external } = decoder(dtype);
  const ids = reference.cases[name]?.input_ids ?? [];
  const branches: LoraBranch[] = strengths ? addLoraBranches(model, ['q_proj', 'v_proj', 'o_proj']) : [];
  const feeds = decoderFeeds(model, embeddings.get(name) ?? new Float32Array(), maskOf(ids), 0);
  if (strengths) {
    const rank = rankOf(adapters);
    for (const branch of branches) {
      feeds[branch.a] = floatTensor(stackA(branch, adapters), [branch.inputs, rank]);
      feeds[branch.b] = floatTensor(stackB(branch, adapters, strengths), [rank, branch.outputs]);
    }
  }
  return floats((await runModel(model, feeds, external))['logits']);
}

describe.each(cases)('%s', (name) => {
  test('gives the logits of PEFT', async () => {
    const found = await logits(name, 'fp32', [adapter], [1]);
    expect(maxDifference(found, reference.tensor(`${name}.lora_logits`).data)).toBeLessThan(1e-3);
    expect(maxDifference(found, reference.tensor(`${name}.logits`).data)).toBeGreaterThan(0.1);
  });

  test('gives the base’s logits to the bit with strength 0, in 4 bits too', async () => {
    for (const dtype of ['fp32', 'q4'] as const) {
      expect(maxDifference(await logits(name, dtype, [adapter], [0]), await logits(name, dtype))).toBe(0);
    }
  });

  test('adds up: two halves are one, and one less one is none', async () => {
    const whole = await logits(name, 'fp32', [adapter], [1]);
    expect(maxDifference(await logits(name, 'fp32', [adapter, adapter], [0.5, 0.5]), whole)).toBeLessThan(1e-3);
    const none = await logits(name, 'fp32', [adapter, adapter], [1, -1]);
    expect(maxDifference(none, await logits(name, 'fp32'))).toBeLessThan(1e-3);
  });
});

test('finds every product in both bodies, and nothing where none is asked for', () => {
  const { model } = decoder('q4');
  const all = addLoraBranches(model, ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']);
  expect(all).toHaveLength(config.text.layers * 7);
  expect(all.find(({ layer, target }) => layer === 3 && target === 'down_proj')).toMatchObject({
    inputs: config.text.intermediateSize,
    outputs: config.text.hiddenSize,
    a: 'lora.3.down_proj.A',
    type: 'float32',
  });
  expect(addLoraBranches(decoder('q4').model, [])).toEqual([]);
});
