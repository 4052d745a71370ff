/** fp16 packages: no value that is cast to float16 is beyond it, whatever the activations. */
import { toBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { afterAll, expect, it } from 'vitest';
import { decoderGraph } from '#core/gemma3/decoder.ts';
import { withinHalf } from '#core/gemma3/half-range.ts';
import { castTo } from '#core/gemma3/linear.ts';
import { parseConfig } from '#core/gemma3/config.ts';
import { uniformPrecision } from '#core/gemma3/precision.ts';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { allGraphs, mainGraph } from '#core/onnx/model.ts';
import { ModelProtoSchema } from '#core/onnx/onnx_pb.ts';
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { rewriteTensors } from '../export/workbench.ts';
import { maxDifference } from '../../reference/golden.ts';
import { exportFixture, fixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** The values that reach the product, as float16 would hold them, times the divisor. */
async function throughHalf(rows: number[][]): Promise<{ half: number[]; back: number[] }> {
  const graph = new GraphBuilder('range');
  const x = graph.input('x', 'float32', ['rows', 'columns']);
  const { scaled, divisor } = withinHalf(graph, x, '/range');
  const half = castTo(graph, scaled, 'float16', '/half');
  // An output in float16 keeps the runtime from leaving the cast out.
  graph.node('Identity', [half], { name: '/out', outputs: ['half'] });
  graph.node('Identity', [divisor], { name: '/divisors', outputs: ['divisor'] });
  graph.output('half', 'float16', ['rows', 'columns']);
  graph.output('divisor', 'float32', ['rows', 1]);
  const model = makeModel(graph.build(), 'test');
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, model));
  const columns = rows[0]?.length ?? 0;
  const found = await session.run({ x: new ort.Tensor('float32', rows.flat(), [rows.length, columns]) });
  const bits = found['half']?.data;
  const divisors = found['divisor']?.data;
  if (!ArrayBuffer.isView(bits) || !(divisors instanceof Float32Array)) throw new Error('no output');
  const bytes = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
  const values = [...decodeFloats(bytes, 'F16')];
  return { half: values, back: values.map((value, at) => value * (divisors[Math.floor(at / columns)] ?? NaN)) };
}

it('values far beyond float16 stay finite and come back; small rows are left as they are', async () => {
  const rows = [
    [1e8, -3e7, 12, 0],
    [63.5, -0.25, 0, 1],
    [-70000, 70000, 1, 0],
  ];
  const { half, back } = await throughHalf(rows);
  expect(half.every((value) => Math.abs(value) <= 64)).toBe(true);
  for (const [at, value] of rows.flat().entries()) {
    const largest = Math.max(...(rows[Math.floor(at / 4)] ?? []).map(Math.abs));
    expect(Math.abs((back[at] ?? NaN) - value)).toBeLessThanOrEqual(largest / 1000);
  }
  expect(half.slice(4, 8)).toEqual(rows[1]);
});

it('in fp16 every down_proj gets such rows, in both bodies; in fp32 the graph has no such nodes', () => {
  const { text } = parseConfig(JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8')));
  const graphOf = (dtype: 'fp16' | 'fp32') =>
    decoderGraph(text, { precision: uniformPrecision(dtype, 32), positions: 64, input: 'embeddings' });
  const nodes = [...allGraphs(mainGraph(graphOf('fp16').model))].flatMap(({ node }) => node);
  const producers = new Map(nodes.flatMap((node) => node.output.map((output) => [output, node])));
  const products = nodes.filter(({ name }) => name.endsWith('mlp/down_proj/MatMul'));
  expect(products).toHaveLength(2 * text.layers);
  for (const { input } of products) {
    const cast = producers.get(input[0] ?? '');
    expect(cast?.opType).toBe('Cast');
    expect(producers.get(cast?.input[0] ?? '')?.opType).toBe('Div');
  }
  const plain = [...allGraphs(mainGraph(graphOf('fp32').model))].flatMap(({ node }) => node);
  expect(plain.filter(({ name }) => name.includes('/mlp/range'))).toEqual([]);
});

it('a checkpoint with gated values of 1e7 gives the logits of its fp32 package', async () => {
  const checkpoint = join(folder.path, 'large');
  cpSync(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await rewriteTensors(join(checkpoint, 'model.safetensors'), (tensors) =>
    tensors.map((tensor) => {
      if (!/layers\.2\.mlp\.(?:gate|up)_proj\.weight$/u.test(tensor.name) || tensor.dtype !== 'BF16') return tensor;
      // Eleven powers of two: the exponent of bfloat16 begins at bit 7.
      const halves = new Uint16Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength / 2);
      for (let at = 0; at < halves.length; at++)
        if ((halves[at] ?? 0) & 0x7f80) halves[at] = (halves[at] ?? 0) + (11 << 7);
      return tensor;
    }),
  );
  const { cases } = await golden();
  const ids = cases['text_short']?.input_ids ?? [];
  const logits: Float32Array[] = [];
  for (const dtype of ['fp32', 'fp16'] as const) {
    await exportFixture(join(folder.path, dtype), dtype, { checkpoint });
    const model = await NodeModel.open(join(folder.path, dtype), dtype);
    logits.push((await model.prefill(ids)).logits);
  }
  const [wanted, found] = logits;
  expect(found?.every((value) => Number.isFinite(value))).toBe(true);
  expect(maxDifference(found ?? [], wanted ?? [])).toBeLessThan(0.1);
});
