/** The greedy choice as a patch, on the fixture's decoder and on one without num_logits_to_keep. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesOf, GraphBuilder, makeModel, makeTensor } from '#core/onnx/builder.ts';
import { mainGraph, OnnxError } from '#core/onnx/model.ts';
import { addArgmaxHead, nextToken } from '#core/onnx/patch/argmax-head.ts';
import { argmax, type Golden } from '../../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { floats, floatTensor, runModel } from '../session.ts';
import { decoderFeeds, graphFile, ids } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
let reference: Golden;
let embeddings: Float32Array;
let prompt: number[];

beforeAll(async () => {
  reference = await golden();
  prompt = reference.cases['text_beyond_window']?.input_ids ?? [];
  await exportFixture(folder.path, 'fp32');
  embeddings = await (await NodeModel.open(folder.path, 'fp32')).embeddings(prompt);
});
afterAll(() => folder.remove());

const decoder = () => graphFile(folder.path, 'decoder_model_merged.onnx');
const expected = () => reference.cases['text_beyond_window']?.greedy_24[0];

describe("the fixture's decoder", () => {
  test('gives the id of the last position beside the logits', async () => {
    const { model, external } = decoder();
    addArgmaxHead(model);
    const mask = prompt.map(() => 1);
    const results = await runModel(model, decoderFeeds(model, embeddings, mask, 1), external);
    expect(results[nextToken]?.dims).toEqual([1, 1]);
    expect(ids(results[nextToken])).toEqual([expected()]);
    expect(argmax(floats(results['logits']))).toBe(expected());
  });

  test('without num_logits_to_keep, too: the last of all positions', async () => {
    const { model, external } = decoder();
    const graph = mainGraph(model);
    graph.input = graph.input.filter(({ name }) => name !== 'num_logits_to_keep');
    graph.initializer.push(makeTensor('num_logits_to_keep', 'int64', [], bytesOf(new BigInt64Array([0n]))));
    addArgmaxHead(model);
    const mask = prompt.map(() => 1);
    const results = await runModel(model, decoderFeeds(model, embeddings, mask), external);
    expect(results['logits']?.dims).toEqual([1, prompt.length, 512]);
    expect(results[nextToken]?.dims).toEqual([1, 1]);
    expect(ids(results[nextToken])).toEqual([expected()]);
    // The first position's choice is another, so the last was really taken.
    expect(argmax(floats(results['logits']).subarray(0, 512))).not.toBe(expected());
  });
});

test('any logits: the lowest index of the largest in the last row', async () => {
  const rows = fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 7, maxLength: 7 }), {
    minLength: 1,
    maxLength: 4,
  });
  const graph = new GraphBuilder('g');
  graph.node('Identity', [graph.input('x', 'float32', [1, 'n', 7])], { name: 'copy', outputs: ['logits'] });
  graph.output('logits', 'float32', [1, 'n', 7]);
  const model = makeModel(graph.build(), 'test');
  addArgmaxHead(model);
  await fc.assert(
    fc.asyncProperty(rows, async (values) => {
      const results = await runModel(model, { x: floatTensor(values.flat(), [1, values.length, 7]) });
      expect(ids(results[nextToken])).toEqual([argmax(values.at(-1) ?? [])]);
    }),
    { numRuns: 30 },
  );
});

test('a graph without logits is refused, and stays as it was', () => {
  const graph = new GraphBuilder('g');
  graph.node('Identity', [graph.input('x', 'float32', [1])], { name: 'copy', outputs: ['y'] });
  graph.output('y', 'float32', [1]);
  const model = makeModel(graph.build(), 'test');
  expect(() => addArgmaxHead(model)).toThrow(OnnxError);
  expect(mainGraph(model).node).toHaveLength(1);
});
