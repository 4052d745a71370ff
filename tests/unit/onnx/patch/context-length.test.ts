/** RoPE tables fitted to a context. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { mainGraph, writeModel } from '#core/onnx/model.ts';
import { TensorProto_DataType, type ModelProto } from '#core/onnx/onnx_pb.ts';
import { ropePositions, setRopePositions } from '#core/onnx/patch/context-length.ts';
import { maxDifference, type Golden } from '../../../reference/golden.ts';
import { exportFixture, fixture, golden, NodeModel, temporaryFolder } from '../../../reference/node.ts';
import { floats, runModel } from '../session.ts';
import { decoderFeeds, graphFile } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
const { text } = parseConfig(JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8')));
let reference: Golden;
beforeAll(async () => {
  reference = await golden();
  for (const dtype of ['fp32', 'fp16'] as const) await exportFixture(join(folder.path, dtype), dtype, { context: 256 });
});
afterAll(() => folder.remove());

const decoder = () => graphFile(join(folder.path, 'fp32'), 'decoder_model_merged.onnx');
const tables = (model: ModelProto) => mainGraph(model).initializer.filter(({ name }) => name.startsWith('rope.'));

test.each([49, 256, 4000])('%i positions: the tables have them, and the logits stay', async (positions) => {
  const ids = reference.cases['text_beyond_window']?.input_ids ?? [];
  expect(ids.length).toBeLessThanOrEqual(49);
  const embeddings = await (await NodeModel.open(join(folder.path, 'fp32'), 'fp32')).embeddings(ids);
  const { model, external } = decoder();
  expect(ropePositions(model)).toBe(256);
  expect(setRopePositions(model, text, positions)).toBe(true);
  expect(ropePositions(model)).toBe(positions);
  const feeds = decoderFeeds(
    model,
    embeddings,
    ids.map(() => 1),
    0,
  );
  const { logits } = await runModel(model, feeds, external);
  expect(maxDifference(floats(logits), reference.tensor('text_beyond_window.logits').data)).toBeLessThan(1e-3);
});

test('the same number of positions gives the same tables, bit for bit, in fp16 too', () => {
  for (const [dtype, file, type] of [
    ['fp32', 'decoder_model_merged.onnx', TensorProto_DataType.FLOAT],
    ['fp16', 'decoder_model_merged_fp16.onnx', TensorProto_DataType.FLOAT16],
  ] as const) {
    const { model } = graphFile(join(folder.path, dtype), file);
    const before = tables(model).map((table) => Uint8Array.from(table.rawData));
    setRopePositions(model, text, 256);
    expect(tables(model).map((table) => Uint8Array.from(table.rawData))).toEqual(before);
    expect(tables(model).map((table) => table.dataType)).toEqual([type, type, type, type]);
  }
});

test('tables that lie outside the file come inside', async () => {
  await exportFixture(join(folder.path, 'long'), 'fp32', { checkpoint: await longCheckpoint(), context: 4096 });
  const { model } = graphFile(join(folder.path, 'long'), 'decoder_model_merged.onnx');
  expect(tables(model).map(({ rawData, externalData }) => [rawData.length, externalData.length])).toEqual(
    Array(4).fill([0, 3]),
  );
  expect(setRopePositions(model, text, 128)).toBe(true);
  expect(tables(model).map(({ rawData, externalData }) => [rawData.length, externalData.length])).toEqual(
    Array(4).fill([128 * 16 * 4, 0]),
  );
});

/** The fixture, made for 4096 positions. */
async function longCheckpoint(): Promise<string> {
  const { cp, writeFile } = await import('node:fs/promises');
  const out = join(folder.path, 'long-checkpoint');
  await cp(join(fixture, 'checkpoint'), out, { recursive: true });
  const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
  config.text_config.max_position_embeddings = 4096;
  await writeFile(join(out, 'config.json'), JSON.stringify(config));
  return out;
}

describe('a graph with other tables', () => {
  test('keeps them', () => {
    const { model } = decoder();
    for (const table of tables(model)) table.name = table.name.replace('rope.', 'cache.');
    const before = writeModel(model);
    expect(setRopePositions(model, text, 64)).toBe(false);
    expect(writeModel(model)).toEqual(before);
  });

  test('computed in the graph: the length is not known', () => {
    const { model } = decoder();
    mainGraph(model).initializer = [];
    expect(ropePositions(model)).toBeUndefined();
  });
});
