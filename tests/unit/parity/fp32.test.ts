/** The fp32 export against the reference implementation's logits, on the CPU. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseNames, imageCases, maxDifference, type Golden } from '../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';

const tolerance = 1e-3;
const folder = temporaryFolder();
let reference: Golden;
let model: NodeModel;
let features: Float32Array;

beforeAll(async () => {
  reference = await golden();
  await exportFixture(`${folder.path}/fp32`, 'fp32');
  model = await NodeModel.open(`${folder.path}/fp32`, 'fp32');
  features = await model.features(reference.tensor('pixel_values'));
});
afterAll(() => folder.remove());

test('image features', () => {
  expect(maxDifference(features, reference.tensor('image_features').data)).toBeLessThan(tolerance);
});

describe.each(caseNames)('%s', (name) => {
  // 1, 5 and 7 do not divide the prompts; 16 is the sliding window; 1000 is the whole prompt at once.
  test.each([1, 5, 7, 16, 1000])('every logit, prefill in chunks of %i', async (chunk) => {
    const { logits } = await model.prefill(reference.cases[name]?.input_ids ?? [], { features, chunk });
    const difference = maxDifference(logits, reference.tensor(`${name}.logits`).data);
    expect(difference).toBeLessThan(tolerance);
  });

  test('greedy continuation of 24 tokens through the KV cache', async () => {
    const run = await model.prefill(reference.cases[name]?.input_ids ?? [], { features });
    expect((await model.greedy(run, 24)).ids).toEqual(reference.cases[name]?.greedy_24);
  });
});

test.each(imageCases)('%s: causal image tokens would be caught', async (name) => {
  const ids = reference.cases[name]?.input_ids ?? [];
  const { logits } = await model.prefill(ids, { features, mask: ids.map(() => 1) });
  const difference = maxDifference(logits, reference.tensor(`${name}.logits`).data);
  expect(difference).toBeGreaterThan(1000 * tolerance);
  // The mistake's size is the reference's own.
  expect(difference).toBeCloseTo(reference.cases[name]?.max_abs_diff_if_image_tokens_were_causal ?? NaN, 2);
});

test('a cache carried over two turns gives what the whole conversation gives', async () => {
  const first = reference.cases['one_image']?.input_ids ?? [];
  const second = reference.cases['text_beyond_window']?.input_ids ?? [];
  const turn = await model.greedy(await model.prefill(first, { features }), 24);
  const continued = await model.prefill(second, { past: turn.run, chunk: 7 });
  const whole = await model.prefill([...first, ...turn.ids, ...second], { features });
  expect(maxDifference(continued.logits, whole.logits.slice(-continued.logits.length))).toBeLessThan(tolerance);
});
