/** The patches on both graphs of a q4f16 package, whose scales are float16 and read through Casts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { readAdapter, type Adapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { rankOf, stackA, stackB } from '#core/lora/stack.ts';
import { allGraphs, externalLocation, mainGraph } from '#core/onnx/model.ts';
import { TensorProto_DataType, type ModelProto } from '#core/onnx/onnx_pb.ts';
import { addArgmaxHead } from '#core/onnx/patch/argmax-head.ts';
import { ropePositions, setRopePositions } from '#core/onnx/patch/context-length.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuse-head-norms.ts';
import { addLoraBranches } from '#core/onnx/patch/lora-branches.ts';
import { shareInitializers } from '#core/onnx/patch/share-initializers.ts';
import { widenScales } from '#core/onnx/patch/widen-scales.ts';
import { encodeHalf } from '#core/safetensors/dtype.ts';
import { WidenedBlob } from '../../../../workers/engine/model/widened-blob.ts';
import { argmax, maxDifference, type Golden } from '../../../reference/golden.ts';
import { exportFixture, fileSource, fixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { floats, floatTensor, runModel, type Feeds } from '../session.ts';
import { decoderFeeds, graphFile, ids as idsOf, widened } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const VOCABULARY = 512;
const folder = temporaryFolder();
const json = (path: string): unknown => JSON.parse(readFileSync(join(fixture, path), 'utf8'));
const config = parseConfig(json('checkpoint/config.json'));
let reference: Golden;
let adapter: Adapter;
let ids: readonly number[];
let embeddings: Float32Array;

beforeAll(async () => {
  reference = await golden();
  const source = fileSource(join(fixture, 'lora/adapter_model.safetensors'));
  adapter = await readAdapter(parseAdapterConfig(json('lora/adapter_config.json')), source, config);
  await exportFixture(folder.path, 'q4f16');
  ids = reference.cases['text_beyond_window']?.input_ids ?? [];
  embeddings = await (await NodeModel.open(folder.path, 'q4')).embeddings(ids);
});
afterAll(() => folder.remove());

const decoder = (dtype: 'q4' | 'q4f16') => graphFile(folder.path, `decoder_model_merged_${dtype}.onnx`);
const feedsOf = (model: ModelProto) => decoderFeeds(model, embeddings, ids.map(() => 1), 0); // prettier-ignore

describe('widened scales', () => {
  test('q4: no Cast of a scale is left, and the logits are the same to the bit', async () => {
    const { model, external } = decoder('q4');
    const before = await runModel(model, feedsOf(model), external);
    // 56 matrices of the layers, and the head.
    expect(widenScales(model)).toBe(57);
    expect(mainGraph(model).initializer.filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT16)).toEqual(
      [],
    );
    const after = await runModel(model, feedsOf(model), await widened(model, external));
    expect(floats(after['logits'])).toEqual(floats(before['logits']));
  });

  test('q4f16: the MLP and the head are multiplied in float32', async () => {
    const { model, external } = decoder('q4f16');
    const before = await runModel(model, feedsOf(model), external);
    expect(widenScales(model)).toBe(3 * config.text.layers + 1);
    const after = await runModel(model, feedsOf(model), await widened(model, external));
    expect(floats(after['logits'])).toEqual(floats(before['logits']));
  });

  test('embedding and head still share their table', () => {
    const embedding = graphFile(folder.path, 'embed_tokens_q4.onnx').model;
    const { model } = decoder('q4');
    for (const each of [embedding, model]) widenScales(each);
    const names = mainGraph(embedding)
      .initializer.filter((tensor) => externalLocation(tensor))
      .map(({ name }) => name);
    const [a, b] = [shareInitializers(embedding, names), shareInitializers(model, names)];
    expect(a.map(({ bytes }) => bytes.length)).toEqual(b.map(({ bytes }) => bytes.length));
    expect(a.map(({ dims }) => dims)).toEqual([
      [512, 5, 16],
      [512, 5, 1],
    ]);
  });

  test('a piece that would cut a value is refused; a slice is the same bytes', async () => {
    const halves = new Uint16Array(5);
    encodeHalf(Float32Array.of(1, -2, 0.5, 65504, 3), halves);
    const blob = new WidenedBlob(new Blob([halves]));
    expect(new Float32Array(await blob.arrayBuffer())).toEqual(Float32Array.of(1, -2, 0.5, 65504, 3));
    expect(new Float32Array(await blob.slice(4, 12).arrayBuffer())).toEqual(Float32Array.of(-2, 0.5));
    expect(await new Response(blob.slice(8).stream()).arrayBuffer()).toEqual(await blob.slice(8, 20).arrayBuffer());
    expect(() => blob.slice(2, 8)).toThrow(RangeError);
  });
});

describe('q4f16', () => {
  test('takes the greedy head, other position tables and fused head norms', async () => {
    const { model, external } = decoder('q4f16');
    const before = floats((await runModel(model, feedsOf(model), external))['logits']);
    expect(ropePositions(model)).toBe(512);
    expect(setRopePositions(model, config.text, 64)).toBe(true);
    expect(ropePositions(model)).toBe(64);
    addArgmaxHead(model);
    const after = await runModel(model, feedsOf(model), external);
    expect(floats(after['logits'])).toEqual(before);
    expect(idsOf(after['next_token']).slice(-1)).toEqual([argmax(before.subarray(-VOCABULARY))]);
    // The CPU provider does not take fused norms: their number is counted. In the image body queries have a second reader.
    expect(fuseHeadNorms(model)).toBe(config.text.layers);
  });

  test('takes adapters: a branch has the type of its projection, and the logits are near those of q4', async () => {
    const withAdapter = async (dtype: 'q4' | 'q4f16', strength: number) => {
      const { model, external } = decoder(dtype);
      const branches = addLoraBranches(model, PROJECTIONS);
      const feeds: Feeds = feedsOf(model);
      const rank = rankOf([adapter]);
      for (const branch of branches) {
        const tensor = (values: Float32Array, dims: number[]) => {
          if (branch.type === 'float32') return floatTensor(values, dims);
          const halves = new Uint16Array(values.length);
          encodeHalf(values, halves);
          return new ort.Tensor('float16', halves, dims);
        };
        feeds[branch.a] = tensor(stackA(branch, [adapter]), [branch.inputs, rank]);
        feeds[branch.b] = tensor(stackB(branch, [adapter], [strength]), [rank, branch.outputs]);
      }
      return { branches, logits: floats((await runModel(model, feeds, external))['logits']) };
    };
    const half = await withAdapter('q4f16', 1);
    const types = new Map(half.branches.map(({ target, type }) => [target, type]));
    expect(Object.fromEntries(types)).toEqual({
      ...Object.fromEntries(PROJECTIONS.map((target) => [target, 'float16'])),
      ...{ gate_proj: 'float32', up_proj: 'float32', down_proj: 'float32' },
    });
    const full = await withAdapter('q4', 1);
    const without = await withAdapter('q4', 0);
    const difference = maxDifference(half.logits, full.logits);
    const effect = maxDifference(full.logits, without.logits);
    console.log(`q4f16 against q4 with an adapter: ${difference.toFixed(4)}; the adapter changes ${effect.toFixed(2)}`);
    expect(difference).toBeLessThan(0.05);
    expect(effect).toBeGreaterThan(20 * difference);
  });

  test('has two Casts a layer more than q4, six where there are images', () => {
    const counts = (dtype: 'q4' | 'q4f16') =>
      [...allGraphs(mainGraph(decoder(dtype).model))].map(({ node }) => node.length);
    const [, ...half] = counts('q4f16');
    const [, ...full] = counts('q4');
    // The first body of the If is that for images.
    const [image, text] = half.map((count, body) => (count - (full[body] ?? NaN)) / config.text.layers);
    console.log(`nodes a layer more: text ${text}, image ${image}`);
    expect({ text, image }).toEqual({ text: 2, image: 6 });
    const inLayer = (dtype: 'q4' | 'q4f16') => {
      const { model } = decoder(dtype);
      fuseHeadNorms(model);
      const nodes = [...allGraphs(mainGraph(model))].flatMap(({ node }) => node);
      return nodes.filter(({ name }) => name.startsWith('/model/layers.3/')).length;
    };
    expect([inLayer('q4'), inLayer('q4f16')]).toEqual([14, 16]);
  });
});
