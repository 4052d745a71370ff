/**
 * Norms moved into GroupQueryAttention. onnxruntime's CPU provider refuses the inputs that this makes, so here the
 * graph is looked at; the browser tests run it.
 */
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { allGraphs, mainGraph, writeModel } from '#core/onnx/model.ts';
import { NodeProtoSchema, type NodeProto } from '#core/onnx/onnx_pb.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuse-head-norms.ts';
import { exportFixture, temporaryFolder } from '../../../reference/node.ts';
import { graphFile } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LAYERS = 8;
const folder = temporaryFolder();
beforeAll(async () => {
  for (const dtype of ['fp32', 'fp16'] as const) await exportFixture(`${folder.path}/${dtype}`, dtype);
});
afterAll(() => folder.remove());

const decoder = () => graphFile(`${folder.path}/fp32`, 'decoder_model_merged.onnx').model;
const bodies = (model: ReturnType<typeof decoder>) => {
  const [, image, text] = allGraphs(mainGraph(model));
  if (image?.name !== 'image' || text?.name !== 'text') throw new Error('expected the bodies image and text');
  return { image, text };
};
const attentions = (nodes: readonly NodeProto[]) => nodes.filter(({ opType }) => opType === 'GroupQueryAttention');

test('each layer of the text body: queries and keys straight from their projection, weights as inputs 14 and 15', () => {
  const model = decoder();
  const before = bodies(decoder()).text;
  expect(fuseHeadNorms(model)).toBe(LAYERS);
  const { text } = bodies(model);
  // Split, norm and join of queries and of keys.
  expect(text.node).toHaveLength(before.node.length - 6 * LAYERS);
  attentions(text.node).forEach((node, layer) => {
    const path = `/model/layers.${layer}/self_attn`;
    const weights = `model.layers.${layer}.self_attn`;
    expect(node.input.slice(0, 3)).toEqual(['q', 'k', 'v'].map((kind) => `${path}/${kind}_proj/MatMul/output`));
    const original = attentions(before.node)[layer];
    expect(node.input.slice(3, 9)).toEqual(original?.input.slice(3, 9));
    expect(node.input.slice(9, 14)).toEqual(['', '', '', '', '']);
    expect(node.input.slice(14)).toEqual([`${weights}.q_norm.weight`, `${weights}.k_norm.weight`]);
    const epsilon = node.attribute.find(({ name }) => name === 'qk_norm_epsilon')?.f;
    expect(epsilon).toBeCloseTo(1e-6, 12);
    expect(node.output).toEqual(original?.output);
  });
});

test('every value that a node reads is still made by a node before it, an input or an initializer', () => {
  const model = decoder();
  fuseHeadNorms(model);
  const root = mainGraph(model);
  const outside = [...root.input, ...root.initializer].map(({ name }) => name);
  for (const body of Object.values(bodies(model))) {
    const known = new Set([...outside, '', ...root.node.flatMap(({ output }) => output)]);
    for (const node of body.node) {
      expect(node.input.filter((name) => !known.has(name))).toEqual([]);
      for (const name of node.output) known.add(name);
    }
  }
});

test('the image body reads its queries twice, and stays as it was', () => {
  const model = decoder();
  fuseHeadNorms(model);
  expect(bodies(model).image).toEqual(bodies(decoder()).image);
});

test('a second time there is nothing left to do', () => {
  const model = decoder();
  fuseHeadNorms(model);
  const once = writeModel(model);
  expect(fuseHeadNorms(model)).toBe(0);
  expect(writeModel(model)).toEqual(once);
});

test('the norms of an fp16 decoder are fused too', () => {
  const { model } = graphFile(`${folder.path}/fp16`, 'decoder_model_merged_fp16.onnx');
  expect(fuseHeadNorms(model)).toBe(LAYERS);
});

test('a cast between norm and attention: the layer is left alone', () => {
  const model = decoder();
  const { text } = bodies(model);
  const [first] = attentions(text.node);
  if (!first) throw new Error('expected attention');
  const cast = create(NodeProtoSchema, { opType: 'Cast', input: [first.input[0] ?? ''], output: ['cast'] });
  first.input[0] = 'cast';
  text.node.splice(text.node.indexOf(first), 0, cast);
  const before = first.input.slice();
  expect(fuseHeadNorms(model)).toBe(LAYERS - 1);
  expect(first.input).toEqual(before);
});
