/** The decoder without `If`: each body alone computes what the whole decoder computes for its chunks. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { allGraphs, mainGraph, OnnxError, writeModel } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { embedIds, placesOf, readFrom } from '#core/onnx/patch/embed-ids.ts';
import { shareableInitializers, shareInitializers } from '#core/onnx/patch/share-initializers.ts';
import { hasTwoBodies, keepBody } from '#core/onnx/patch/split-bodies.ts';
import { maskOf, type Golden } from '../../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { floats, int64Tensor, runModel } from '../session.ts';
import { decoderFeeds, graphFile, widenedGraphFile } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
// The scales under the name that widening gives them.
const table = ['model.embed_tokens.weight.q4', 'model.embed_tokens.weight.scales/ToFloat32/output'];
let reference: Golden;
let whole: NodeModel;
beforeAll(async () => {
  reference = await golden();
  await exportFixture(folder.path, 'q4');
  whole = await NodeModel.open(folder.path, 'q4');
});
afterAll(() => folder.remove());

const decoder = () => graphFile(folder.path, 'decoder_model_merged_q4.onnx');
const embedding = () => graphFile(folder.path, 'embed_tokens_q4.onnx');
const idsOf = (name: string) => reference.cases[name]?.input_ids ?? [];
const operators = (model: ModelProto) =>
  [...allGraphs(mainGraph(model))].flatMap(({ node }) => node.map(({ opType }) => opType));

/** All names that nodes read are made before, and all that is made or stored is read. */
function expectTidy(model: ModelProto) {
  const graph = mainGraph(model);
  const known = new Set(['', ...graph.input.map(({ name }) => name), ...graph.initializer.map(({ name }) => name)]);
  const read = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) {
    expect(node.input.filter((name) => !known.has(name))).toEqual([]);
    for (const name of node.output) known.add(name);
    for (const name of node.input) read.add(name);
  }
  expect(graph.initializer.filter(({ name }) => !read.has(name)).map(({ name }) => name)).toEqual([]);
  expect(graph.node.filter(({ output }) => !output.some((name) => read.has(name))).map(({ name }) => name)).toEqual([]);
}

describe.each([
  ['text', 'text_beyond_window'],
  ['image', 'one_image'],
] as const)('the %s body', (body, name) => {
  test('has no If and nothing of the other body', () => {
    const { model } = decoder();
    expect(operators(model)).toContain('If');
    expect(keepBody(model, body)).toBe(true);
    expect(operators(model)).not.toContain('If');
    expect(operators(model).filter((type) => type === 'GroupQueryAttention')).toHaveLength(8);
    expect(operators(model).includes('Softmax')).toBe(body === 'image');
    expectTidy(model);
    expect(hasTwoBodies(model)).toBe(false);
  });

  test('logits and cache of the whole decoder, to the bit', async () => {
    const ids = idsOf(name);
    const embeddings = await whole.embeddings(ids);
    const { model, external } = decoder();
    const feeds = decoderFeeds(model, embeddings, maskOf(ids), 0);
    const before = await runModel(model, feeds, external);
    keepBody(model, body);
    const after = await runModel(model, feeds, external);
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    for (const output of Object.keys(before)) expect(floats(after[output])).toEqual(floats(before[output]));
  });
});

test('a value that is two outputs of the body, and one from outside: copies stand for them', async () => {
  const { model, external } = decoder();
  const ids = idsOf('text_short');
  const feeds = decoderFeeds(model, await whole.embeddings(ids), maskOf(ids), 0);
  const before = await runModel(model, feeds, external);
  const text = mainGraph(model)
    .node.find(({ opType }) => opType === 'If')
    ?.attribute.find(({ name }) => name === 'else_branch')?.g;
  const [, key, value, outside] = text?.output ?? [];
  if (!key || !value || !outside) throw new Error('no body');
  value.name = key.name;
  outside.name = 'past_key_values.1.key';
  keepBody(model, 'text');
  expectTidy(model);
  const after = await runModel(model, feeds, external);
  expect(floats(after['present.0.value'])).toEqual(floats(before['present.0.key']));
  expect(after['present.1.key']?.dims).toEqual([1, 2, 0, 32]);
  expect(floats(after['logits'])).toEqual(floats(before['logits']));
});

test('an If of another exporter stays as it is', () => {
  const { model } = decoder();
  const node = mainGraph(model).node.find(({ opType }) => opType === 'If');
  if (node) node.name = 'optimum::if';
  const before = writeModel(model);
  expect(hasTwoBodies(model)).toBe(false);
  expect(keepBody(model, 'text')).toBe(false);
  expect(writeModel(model)).toEqual(before);
});

describe('the embedding in front of the text body', () => {
  test('from ids the logits of the two graphs, also with every weight an input', async () => {
    const ids = idsOf('text_short');
    const { model, external } = await widenedGraphFile(folder.path, 'decoder_model_merged_q4.onnx');
    const before = await runModel(model, decoderFeeds(model, await whole.embeddings(ids), maskOf(ids), 0), external);
    keepBody(model, 'text');
    const first = (await widenedGraphFile(folder.path, 'embed_tokens_q4.onnx')).model;
    readFrom(first, placesOf(model, table));
    embedIds(model, first);
    expectTidy(model);
    const { inputs_embeds: _, ...feeds } = decoderFeeds(model, new Float32Array(ids.length), maskOf(ids), 0);
    const idFeeds = { ...feeds, input_ids: int64Tensor(ids, [1, ids.length]) };
    const after = await runModel(model, idFeeds, external);
    expect(floats(after['logits'])).toEqual(floats(before['logits']));

    const shared = shareInitializers(model, shareableInitializers(model));
    // Codes and scales of seven projections in each of eight layers, of the head, and of the embedding; six norms a layer
    // and the last; four RoPE tables.
    expect(shared).toHaveLength(8 * (7 * 2 + 6) + 1 + 2 + 2 + 4);
    const places = shared.map(({ bytes }) => JSON.stringify(bytes));
    expect(new Set(places).size).toBe(places.length - 2);
    expect(shared.filter(({ input }) => input.startsWith('embed_tokens/')).map(({ dims }) => dims)).toEqual([
      [512, 5, 16],
      [512, 5, 1],
    ]);
  });

  test('graphs that do not fit together are refused', () => {
    const fails = (change: (first: ModelProto, second: ModelProto) => void, message: string) => {
      const [first, second] = [decoder().model, embedding().model];
      change(first, second);
      expect(() => embedIds(first, second)).toThrow(OnnxError);
      expect(() => embedIds(first, second)).toThrow(message);
    };
    fails((first) => mainGraph(first).input.shift(), 'inputs_embeds');
    fails((_, second) => mainGraph(second).output.shift(), 'input_ids → inputs_embeds');
    const missing = () => placesOf(decoder().model, ['no.such.table']);
    expect(missing).toThrow(OnnxError);
    expect(missing).toThrow('"no.such.table" is not in both graphs');
    expect(() => readFrom(embedding().model, new Map([['no.such.table', []]]))).toThrow(OnnxError);
  });
});
