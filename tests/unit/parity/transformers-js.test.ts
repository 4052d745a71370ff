/** transformers.js, in Node, runs the packages as they are. */
import {
  env,
  AutoModelForCausalLM,
  AutoModelForImageTextToText,
  Tensor,
  type PreTrainedModel,
} from '@huggingface/transformers';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { type Golden } from '../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { writeTextOnly } from './checkpoints.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const COUNT = 24;
const textCases = ['text_short', 'text_beyond_window'] as const;
const folder = temporaryFolder();
let reference: Golden;

beforeAll(async () => {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = `${folder.path}/`;
  reference = await golden();
  await writeTextOnly(join(folder.path, 'text-checkpoint'));
  for (const dtype of ['fp32', 'q4', 'q4f16', 'q2'] as const) {
    await exportFixture(join(folder.path, `whole-${dtype}`), dtype);
    await exportFixture(join(folder.path, `text-${dtype}`), dtype, {
      checkpoint: join(folder.path, 'text-checkpoint'),
    });
  }
});
afterAll(() => folder.remove());

const idsOf = (name: string) => reference.cases[name]?.input_ids ?? [];

/** The new ids that `generate` gives, without stopping at an end token. */
async function generate(model: PreTrainedModel, name: string, more: Record<string, Tensor> = {}): Promise<number[]> {
  const ids = idsOf(name);
  const output: unknown = await model.generate({
    input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
    ...more,
    max_new_tokens: COUNT,
    do_sample: false,
    // No token has this id: what follows an end token is compared too.
    eos_token_id: -1,
  });
  if (!(output instanceof Tensor)) throw new Error('generate gave no tensor');
  return Array.from(output.data, Number).slice(ids.length);
}

/** No dtype is asked for: the package's config.json says which files it has. */
const open = {
  whole: (dtype: Dtype) => AutoModelForImageTextToText.from_pretrained(`whole-${dtype}`),
  text: (dtype: Dtype) => AutoModelForCausalLM.from_pretrained(`text-${dtype}`),
};
const openOurs = {
  whole: (dtype: Dtype) => NodeModel.open(join(folder.path, `whole-${dtype}`), dtype),
  text: (dtype: Dtype) => NodeModel.openTextOnly(join(folder.path, `text-${dtype}`), dtype),
};

/** Of the package with both variants, the one that config.json does not name. */
const openHalf = {
  whole: () =>
    AutoModelForImageTextToText.from_pretrained('whole-q4f16', {
      dtype: { embed_tokens: 'q4f16', decoder_model_merged: 'q4f16', vision_encoder: 'q8' },
    }),
  text: () => AutoModelForCausalLM.from_pretrained('text-q4f16', { dtype: 'q4f16' }),
};
const openVariant = {
  whole: (dtype: Dtype) => NodeModel.open(join(folder.path, 'whole-q4f16'), dtype),
  text: (dtype: Dtype) => NodeModel.openTextOnly(join(folder.path, 'text-q4f16'), dtype),
};

describe.each(['whole', 'text'] as const)('%s model', (kind) => {
  test.each(textCases)('fp32, %s: the greedy tokens of the reference', async (name) => {
    const model = await open[kind]('fp32');
    expect(model.constructor.name).toBe(kind === 'text' ? 'Gemma3ForCausalLM' : 'Gemma3ForConditionalGeneration');
    expect(await generate(model, name)).toEqual(reference.cases[name]?.greedy_24);
    await model.dispose();
  });

  test('q4f16, text_beyond_window: by default the q4 variant, and both variants where they are named', async () => {
    const name = 'text_beyond_window';
    for (const dtype of ['q4', 'q4f16'] as const) {
      const model = dtype === 'q4' ? await open[kind]('q4f16') : await openHalf[kind]();
      const tokens = await generate(model, name);
      await model.dispose();
      const ours = await openVariant[kind](dtype);
      expect(tokens).toEqual((await ours.greedy(await ours.prefill(idsOf(name)), COUNT)).ids);
    }
  });

  const cases = (['q4', 'q2'] as const).flatMap((dtype) => textCases.map((name) => [dtype, name] as const));
  test.each(cases)('%s, %s: our own greedy tokens', async (dtype, name) => {
    const model = await open[kind](dtype);
    const tokens = await generate(model, name);
    await model.dispose();
    const ours = await openOurs[kind](dtype);
    expect(tokens).toHaveLength(COUNT);
    expect(tokens).toEqual((await ours.greedy(await ours.prefill(idsOf(name)), COUNT)).ids);
  });
});

test('with an image: our own tokens under a mask of ones, since transformers.js numbers no images', async () => {
  const name = 'one_image';
  const { data, shape } = reference.tensor('pixel_values');
  const first = data.slice(0, data.length / 2);
  const model = await open.whole('fp32');
  const tokens = await generate(model, name, {
    pixel_values: new Tensor('float32', first, [1, ...shape.slice(1)]),
  });
  await model.dispose();

  const ours = await openOurs.whole('fp32');
  const features = await ours.features({ data: first, shape: [1, ...shape.slice(1)] });
  const causal = await ours.prefill(idsOf(name), { features, mask: idsOf(name).map(() => 1) });
  expect(tokens).toEqual((await ours.greedy(causal, COUNT)).ids);
  // The image is seen: another one, another answer.
  const second = await ours.features({ data: data.slice(data.length / 2), shape: [1, ...shape.slice(1)] });
  const other = await ours.prefill(idsOf(name), { features: second, mask: idsOf(name).map(() => 1) });
  expect(tokens).not.toEqual((await ours.greedy(other, COUNT)).ids);
});
