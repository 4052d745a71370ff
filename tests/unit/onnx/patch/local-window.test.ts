/** Local layers that keep fewer rows than the context has positions: the logits of the graph as it was exported. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { allGraphs, consumers, mainGraph } from '#core/onnx/model.ts';
import { NodeProtoSchema, type ModelProto, type NodeProto } from '#core/onnx/onnx_pb.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuse-head-norms.ts';
import { addLocalWindow } from '#core/onnx/patch/local-window.ts';
import { IMAGE_TOKEN, maxDifference, readGolden } from '../../../reference/golden.ts';
import { exportFixture, fileSource, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { graphFile } from './fixture.ts';
import { WindowedDecoder } from './windowed.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
const fp32 = join(folder.path, 'fp32');
const tolerance = 1e-5;
let model: NodeModel;
beforeAll(async () => {
  await exportFixture(fp32, 'fp32');
  model = await NodeModel.open(fp32, 'fp32');
});
afterAll(() => folder.remove());

describe('a context of twelve windows with images', () => {
  const window = 16;
  const vocabulary = 512;
  // Images where chunks end, where rows are cut, and two in a row.
  const ids = Array.from({ length: 200 }, (_, at) =>
    [20, 59, 64, 130].some((start) => at >= start && at < start + 4) ? IMAGE_TOKEN : 4 + ((at * 97 + 13) % 480),
  );
  let features: Float32Array;
  let expected: (position: number) => Float32Array;

  beforeAll(async () => {
    const two = await model.features((await golden()).tensor('pixel_values'));
    features = Float32Array.from([...two, ...two]);
    const { logits } = await model.prefill(ids, { features });
    expected = (position) => logits.subarray(position * vocabulary, (position + 1) * vocabulary);
  });

  async function open(rows: number) {
    const { decoder, cache, prefill } = await WindowedDecoder.open(fp32, model, rows);
    const isRight = async (end: number, chunk: number) => {
      const found = await prefill(ids.slice(0, end), chunk, features);
      expect(maxDifference(found, expected(end - 1)), `after ${end} tokens`).toBeLessThan(tolerance);
      expect(decoder.length).toBe(end);
    };
    return { decoder, rows: cache.rows, isRight };
  }

  // Rows for the window, the longest chunk (an image has 4) and nothing else, where every chunk moves rows; and for more.
  test.each([
    [1, window - 1 + 4],
    [5, window - 1 + 5],
    [7, window - 1 + 7 + 3],
    [16, window - 1 + 16],
    [16, window - 1 + 64 + 16 + 18],
  ])('chunks of %i in %i rows', async (chunk, count) => {
    const { rows, isRight } = await open(count);
    for (const end of [30, 63, 119, 125, 163, 200]) await isRight(end, chunk);
    expect(rows?.start).toBeGreaterThan(5 * window);
    expect(rows?.length).toBeLessThanOrEqual(count);
  });

  test('taken back: kept while the window is there, else computed again, right either way', async () => {
    const { decoder, rows, isRight } = await open(113);
    await isRight(190, 16);
    const start = rows?.start ?? 0;
    expect(start).toBeGreaterThan(0);
    // One token, and as many as the rows allow.
    for (const position of [189, start + window - 1]) {
      decoder.truncate(position);
      expect(decoder.length).toBe(position);
      await isRight(position + 1, 16);
    }
    decoder.truncate(start + window - 2);
    expect(decoder.length).toBe(0);
    expect(rows?.start).toBe(0);
    await isRight(150, 16);
  });

  test('a chunk that leaves no room for the window is refused, and the cache stays as it is', async () => {
    const { decoder, isRight } = await open(window - 1 + 8);
    await isRight(40, 8);
    await expect(isRight(49, 9)).rejects.toThrow('9 new tokens and 15 before them do not fit into 23 rows');
    expect(decoder.length).toBe(40);
    await isRight(56, 8);
  });
});

test('an image longer than the window: the logits of the reference', async () => {
  const path = new URL('../../../fixtures/cases/checkpoints/image-longer-than-window/', import.meta.url).pathname;
  const out = join(folder.path, 'long-image');
  await exportFixture(out, 'fp32', { checkpoint: join(path, 'checkpoint'), context: 256 });
  const long = await NodeModel.open(out, 'fp32');
  const cases = JSON.parse(readFileSync(join(path, 'cases.json'), 'utf8'));
  const reference = await readGolden(fileSource(join(path, 'expected.safetensors')), cases);
  const features = await long.features(reference.tensor('pixel_values'));
  const ids = reference.cases['two_images']?.input_ids ?? [];
  const last = reference.tensor('two_images.logits').data.slice(-96);
  for (const chunk of [7, 1]) {
    const { cache, prefill } = await WindowedDecoder.open(out, long, 6 - 1 + 16, 256);
    expect(maxDifference(await prefill(ids, chunk, features, 95), last)).toBeLessThan(1e-3);
    expect(cache.rows?.start).toBeGreaterThan(0);
  }
});

describe('which graphs are changed', () => {
  const fresh = () => graphFile(fp32, 'decoder_model_merged.onnx').model;
  const isLocal = (node: NodeProto) => node.attribute.some(({ name }) => name === 'local_window_size');
  const locals = (graph: ModelProto) => [...allGraphs(mainGraph(graph))].flatMap(({ node }) => node.filter(isLocal));

  test('the seven local layers in both bodies; nothing reads the local tables of the whole context any more', () => {
    const graph = fresh();
    const window = addLocalWindow(graph);
    expect(window).toMatchObject({ window: 16, rope: { cos: { positions: 512, columns: 16 } } });
    expect(window?.pasts.size).toBe(14);
    expect(window?.pasts).not.toContain('past_key_values.5.key');
    expect(locals(graph)).toHaveLength(14);
    const root = mainGraph(graph);
    expect([...consumers(root, 'rope.local.cos')]).toEqual([]);
    expect(root.initializer.map(({ name }) => name)).not.toContain('rope.local.sin');
  });

  test('fused norms come before or after it', () => {
    const [before, after] = [fresh(), fresh()];
    expect(fuseHeadNorms(before)).toBe(8);
    expect(addLocalWindow(before)).toBeDefined();
    expect(addLocalWindow(after)).toBeDefined();
    expect(fuseHeadNorms(after)).toBe(8);
    expect(mainGraph(before).node).toEqual(mainGraph(after).node);
  });

  test.each<[string, (nodes: NodeProto[], model: ModelProto) => void]>([
    [
      'no layer has a window',
      (nodes) =>
        nodes.forEach((node) => (node.attribute = node.attribute.filter(({ name }) => name !== 'local_window_size'))),
    ],
    ['positions are explicit', ([node]) => node && (node.input[9] = 'position_ids')],
    ['there is a bias for all keys', ([node]) => node && (node.input[9] = '') === '' && (node.input[10] = 'bias')],
    ['layers have different tables', ([node]) => node && (node.input[7] = 'rope.global.cos')],
    ['a layer reads the cache of a global one', ([node]) => node && (node.input[3] = 'past_key_values.5.key')],
    [
      'the explicit attention is not known',
      (_, { graph }) => {
        for (const { node } of graph ? allGraphs(graph) : [])
          for (const each of node)
            if (each.name.endsWith('layers.0/self_attn/FilledKeys')) each.input[2] = '/lengths/New/output';
      },
    ],
    [
      'something else reads a cache',
      (_, { graph }) =>
        graph?.node.push(create(NodeProtoSchema, { opType: 'Shape', input: ['past_key_values.0.key'], output: ['x'] })),
    ],
  ])('none where %s', (_, change) => {
    const graph = fresh();
    change(locals(graph), graph);
    const before = structuredClone(mainGraph(graph).node.map(({ input }) => input));
    expect(addLocalWindow(graph)).toBeUndefined();
    expect(mainGraph(graph).node.map(({ input }) => input)).toEqual(before);
  });
});
