/** Rows of exported packages against the checkpoint, and against what ONNX Runtime gathers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmbeddingRows, filesOf } from '#core/embedding/rows.ts';
import { findEmbeddingTable, type EmbeddingTable } from '#core/embedding/table.ts';
import { readModel } from '#core/onnx/model.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { DTYPE_SUFFIX } from '#core/gemma3/package-graphs.ts';
import { readTensors } from '../../reference/golden.ts';
import { exportFixture, fileSource, fixture, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { writeTextOnly } from '../parity/checkpoints.ts';

const HIDDEN = 160;
const ROWS = 512;
const IDS = [0, 1, 7, 300, 511];
/** Largest error of a weight, as a share of the largest weight of its block. */
const ERROR: Record<Dtype, number> = { q2: 1 / 2, q4: 1 / 8, q4f16: 1 / 8, q8: 1 / 128, fp16: 2 ** -11, fp32: 0 };

const folder = temporaryFolder();
afterAll(() => folder.remove());
let table: Float32Array;

beforeAll(async () => {
  const tensors = await readTensors(fileSource(join(fixture, 'checkpoint/model.safetensors')));
  table = tensors.get('language_model.model.embed_tokens.weight')?.data ?? expect.fail();
});

function read(package_: string, graph: string, weights = graph): EmbeddingRows {
  const open = (file: string) => readModel(readFileSync(join(package_, 'onnx', file)));
  return rowsOf(package_, findEmbeddingTable(open(graph), open(weights)));
}

function rowsOf(package_: string, found: EmbeddingTable): EmbeddingRows {
  return new EmbeddingRows(
    found,
    new Map(filesOf(found).map((file) => [file, fileSource(join(package_, 'onnx', file))])),
  );
}

/** All rows, from the blocks. */
async function all(rows: EmbeddingRows): Promise<Float32Array> {
  const whole = new Float32Array(rows.table.rows * rows.table.columns);
  for await (const { first, values } of rows.blocks()) whole.set(values, first * rows.table.columns);
  return whole;
}

function expectWithin(values: Float32Array, dtype: Dtype): void {
  expect(values.length).toBe(table.length);
  for (let block = 0; block < table.length; block += 32) {
    const own = table.subarray(block, block + 32);
    // fp16 rounds each weight by itself, the others with the scale of the block.
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    own.forEach((value, i) =>
      expect(Math.abs((values[block + i] ?? NaN) - value)).toBeLessThanOrEqual(largest * ERROR[dtype] * 1.0001),
    );
  }
}

describe.each(['q2', 'q4', 'q8', 'fp16', 'fp32'] as const)('%s', (dtype) => {
  const out = join(folder.path, dtype);
  const suffix = DTYPE_SUFFIX[dtype];
  beforeAll(() => exportFixture(out, dtype));

  test('all rows are the checkpoint’s within the error of the format', async () => {
    const rows = read(out, `embed_tokens${suffix}.onnx`);
    expect(rows.table).toMatchObject({ rows: ROWS, columns: HIDDEN });
    const values = await all(rows);
    expectWithin(values, dtype);
    const single = await rows.rows(IDS);
    IDS.forEach((id, i) => expect(single[i]).toEqual(values.slice(id * HIDDEN, (id + 1) * HIDDEN)));
  });

  test('a row is what the graph gathers', async () => {
    const gathered = await (await NodeModel.open(out, dtype)).embeddings(IDS);
    const rows = await read(out, `embed_tokens${suffix}.onnx`).rows(IDS);
    rows.forEach((row, i) =>
      row.forEach((value, column) =>
        expect(value * Math.fround(Math.sqrt(HIDDEN))).toBeCloseTo(gathered[i * HIDDEN + column] ?? NaN, 5),
      ),
    );
  });

  test('the decoder has the same bytes, for a package whose embedding file was never fetched', async () => {
    const shared = read(out, `embed_tokens${suffix}.onnx`, `decoder_model_merged${suffix}.onnx`);
    expect(filesOf(shared.table)).toEqual([`decoder_model_merged${suffix}.onnx_data_1`]);
    expect(await all(shared)).toEqual(await all(read(out, `embed_tokens${suffix}.onnx`)));
  });
});

test('a text-only package has its table in the decoder', async () => {
  const checkpoint = join(folder.path, 'text-checkpoint');
  await writeTextOnly(checkpoint);
  await exportFixture(join(folder.path, 'text'), 'q4', { checkpoint });
  expectWithin(await all(read(join(folder.path, 'text'), 'model_q4.onnx')), 'q4');
});

test('an id without a row is named', async () => {
  const rows = read(join(folder.path, 'q4'), 'embed_tokens_q4.onnx');
  await expect(rows.rows([3, ROWS])).rejects.toThrow('row 512 does not exist: the table has 512');
});
