/** Initializers made inputs: what is fed must be the same numbers, and the results stay. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as ort from 'onnxruntime-node';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { placeExternally } from '#core/onnx/external.ts';
import { mainGraph, OnnxError, writeModel } from '#core/onnx/model.ts';
import { TensorProto_DataType } from '#core/onnx/onnx_pb.ts';
import { shareableInitializers, shareInitializers, type SharedInput } from '#core/onnx/patch/share-initializers.ts';
import { maxDifference, type Golden } from '../../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { floats, floatTensor, int64Tensor, runModel, type Feeds } from '../session.ts';
import { decoderFeeds, widenedGraphFile } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
// The scales under the name that widening gives them.
const table = ['model.embed_tokens.weight.q4', 'model.embed_tokens.weight.scales/ToFloat32/output'];
let reference: Golden;
beforeAll(async () => {
  reference = await golden();
  await exportFixture(folder.path, 'q4');
});
afterAll(() => folder.remove());

/** The tensors that the inputs ask for, out of the graph or the external files. */
function feedsOf(shared: readonly SharedInput[], external: ReadonlyMap<string, Uint8Array>): Feeds {
  return Object.fromEntries(
    shared.map(({ input, dims, dataType, bytes: data }) => {
      const bytes =
        data instanceof Uint8Array
          ? data
          : Uint8Array.from(external.get(data.location)?.subarray(data.offset, data.offset + data.length) ?? []);
      return [
        input,
        dataType === TensorProto_DataType.FLOAT
          ? new ort.Tensor('float32', new Float32Array(bytes.buffer), dims)
          : new ort.Tensor('uint8', bytes, dims),
      ];
    }),
  );
}

describe('the q4 export', () => {
  test('decoder: the head as inputs gives the same logits', async () => {
    const ids = reference.cases['text_short']?.input_ids ?? [];
    const embeddings = await (await NodeModel.open(folder.path, 'q4')).embeddings(ids);
    const { model, external } = await widenedGraphFile(folder.path, 'decoder_model_merged_q4.onnx');
    const feeds = decoderFeeds(
      model,
      embeddings,
      ids.map(() => 1),
      0,
    );
    const before = await runModel(model, feeds, external);
    const shared = shareInitializers(model, table);
    expect(shared.map(({ input, dims }) => ({ input, dims }))).toEqual([
      { input: table[0], dims: [512, 5, 16] },
      { input: table[1], dims: [512, 5] },
    ]);
    expect(mainGraph(model).initializer.some(({ name }) => table.includes(name))).toBe(false);
    const after = await runModel(model, { ...feeds, ...feedsOf(shared, external) }, external);
    // Weights that are inputs are not repacked, and so summed in another order.
    expect(maxDifference(floats(after['logits']), floats(before['logits']))).toBeLessThan(1e-5);
  });

  test('embedding: the Unsqueeze before the scales goes, the input has its shape', async () => {
    const { model, external } = await widenedGraphFile(folder.path, 'embed_tokens_q4.onnx');
    const feeds = { input_ids: int64Tensor([0, 511, 7], [1, 3]) };
    const before = await runModel(model, feeds, external);
    const shared = shareInitializers(model, table);
    expect(shared.map(({ dims }) => dims)).toEqual([
      [512, 5, 16],
      [512, 5, 1],
    ]);
    expect(mainGraph(model).node.some(({ opType }) => opType === 'Unsqueeze')).toBe(false);
    const after = await runModel(model, { ...feeds, ...feedsOf(shared, external) }, external);
    expect(floats(after['inputs_embeds'])).toEqual(floats(before['inputs_embeds']));
  });

  test('embedding and decoder ask for the same bytes', async () => {
    const [a, b] = await Promise.all(
      ['embed_tokens_q4.onnx', 'decoder_model_merged_q4.onnx'].map(async (file) => {
        const { model, external } = await widenedGraphFile(folder.path, file);
        return Object.values(feedsOf(shareInitializers(model, table), external)).map(({ data }) => data);
      }),
    );
    expect(a).toEqual(b);
    expect(a).toHaveLength(2);
  });
});

describe('an Unsqueeze', () => {
  /** y = unsqueeze(w, axes), w float32 [2, 3]. */
  function unsqueeze(axes: number[], more?: (graph: GraphBuilder) => void) {
    const graph = new GraphBuilder('g');
    graph.node('Unsqueeze', ['w', graph.int64(axes)], { name: 'unsqueeze', outputs: ['u'] });
    graph.node('Identity', ['u'], { name: 'copy', outputs: ['y'] });
    graph.output('y', 'float32', []);
    more?.(graph);
    const model = makeModel(graph.build(), 'test');
    mainGraph(model).output.forEach(({ type }) => {
      if (type?.value.case === 'tensorType') delete type.value.value.shape;
    });
    placeExternally(model, [{ name: 'w', type: 'float32', dims: [2, 3] }], 'm.onnx');
    return model;
  }

  test.each([[[0]], [[2]], [[-1]], [[-3]], [[0, 3]], [[-1, 0]], [[1, -2]]])('along %j is folded', async (axes) => {
    const model = unsqueeze(axes);
    const data = new Uint8Array(Float32Array.from([1, 2, 3, 4, 5, 6]).buffer);
    const { y } = await runModel(model, {}, new Map([['m.onnx_data', data]]));
    const [shared] = shareInitializers(model, ['w']);
    expect(shared?.dims).toEqual(y?.dims);
    expect(mainGraph(model).node.map(({ opType }) => opType)).toEqual(['Identity']);
    const after = await runModel(model, { u: floatTensor([1, 2, 3, 4, 5, 6], shared?.dims ?? []) });
    expect(after['y']?.dims).toEqual(y?.dims);
    expect(floats(after['y'])).toEqual(floats(y));
  });

  test('goes too where another node reads the initializer: there are two inputs over its bytes', () => {
    const model = unsqueeze([0], (graph) => {
      graph.node('Neg', ['w'], { name: 'neg', outputs: ['z'] });
      graph.output('z', 'float32', [2, 3]);
    });
    const shared = shareInitializers(model, ['w']);
    expect(shared).toMatchObject([
      { input: 'u', dims: [1, 2, 3] },
      { input: 'w', dims: [2, 3] },
    ]);
    expect(shared[0]?.bytes).toEqual(shared[1]?.bytes);
    expect(mainGraph(model).node.map(({ opType }) => opType)).toEqual(['Identity', 'Neg']);
  });

  test('stays where its axes are computed', () => {
    const model = unsqueeze([0]);
    const [node] = mainGraph(model).node;
    if (node) node.input[1] = 'computed';
    expect(shareInitializers(model, ['w'])).toMatchObject([{ input: 'w', dims: [2, 3] }]);
  });
});

describe('what can be an input', () => {
  /** Two readers of w, float32 [32, 32] unless said otherwise. */
  function readBy(inputs: readonly (readonly [opType: string, names: string[]])[], rows = 32) {
    const graph = new GraphBuilder('g');
    graph.input('x', 'float32', [1, 32]);
    graph.input('i', 'int64', [1]);
    inputs.forEach(([opType, names], index) => {
      graph.node(opType, names, { name: `${opType}/${index}`, outputs: [`y${index}`] });
      graph.output(`y${index}`, 'float32', []);
    });
    const model = makeModel(graph.build(), 'test');
    placeExternally(model, [{ name: 'w', type: 'float32', dims: [rows, 32] }], 'm.onnx');
    return shareableInitializers(model);
  }

  test('weights of products and tables', () => {
    expect(readBy([['MatMul', ['x', 'w']]])).toEqual(['w']);
    expect(
      readBy([
        ['Gather', ['w', 'i']],
        ['Gemm', ['x', 'w']],
      ]),
    ).toEqual(['w']);
  });

  test('not what one node reads otherwise, what is small, or what nobody reads', () => {
    expect(readBy([['MatMul', ['w', 'x']]])).toEqual([]);
    expect(readBy([['MatMul', ['w', 'w']]])).toEqual([]);
    expect(
      readBy([
        ['MatMul', ['x', 'w']],
        ['Conv', ['x', 'w']],
      ]),
    ).toEqual([]);
    expect(readBy([['MatMul', ['x', 'w']]], 0)).toEqual([]);
    expect(readBy([])).toEqual([]);
  });

  test('the q4 export: codes and scales, norms, RoPE tables, and no constants of the graph', async () => {
    const { model } = await widenedGraphFile(folder.path, 'decoder_model_merged_q4.onnx');
    const names = shareableInitializers(model);
    expect(names).toEqual(expect.arrayContaining(table));
    expect(names).toHaveLength(8 * (7 * 2 + 6) + 1 + 2 + 4);
    expect(names.every((name) => /\.(q4|scales\/ToFloat32\/output)$|norm\.weight$|^rope\./.test(name))).toBe(true);
  });
});

test('a RoPE table out of the graph: the same logits', async () => {
  const ids = reference.cases['text_short']?.input_ids ?? [];
  const embeddings = await (await NodeModel.open(folder.path, 'q4')).embeddings(ids);
  const { model, external } = await widenedGraphFile(folder.path, 'decoder_model_merged_q4.onnx');
  const mask = ids.map(() => 1);
  const feeds = decoderFeeds(model, embeddings, mask, 0);
  const before = await runModel(model, feeds, external);
  const shared = shareInitializers(model, ['rope.local.cos', 'rope.global.sin']);
  expect(shared.map(({ dims }) => dims)).toEqual([
    [512, 16],
    [512, 16],
  ]);
  const after = await runModel(model, { ...feeds, ...feedsOf(shared, external) }, external);
  expect(floats(after['logits'])).toEqual(floats(before['logits']));
});

test('a name that is no initializer is refused, and nothing changes', async () => {
  const { model } = await widenedGraphFile(folder.path, 'decoder_model_merged_q4.onnx');
  const before = writeModel(model);
  expect(() => shareInitializers(model, [...table, 'no.such.weight'])).toThrow(OnnxError);
  expect(() => shareInitializers(model, [...table, 'no.such.weight'])).toThrow('no.such.weight');
  expect(writeModel(model)).toEqual(before);
});
