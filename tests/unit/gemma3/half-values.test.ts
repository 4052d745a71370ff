/**
 * Bounds every float16 value of the q4f16 decoder. The CPU provider drops casts, so an overflow does not show in its results:
 * the same values are computed in float32, in the q4 graph over the same weights, where they have the same names.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { GraphBuilder, valueInfo } from '#core/onnx/builder.ts';
import { mainGraph, storedValues } from '#core/onnx/model.ts';
import { TensorProto_DataType, type GraphProto, type ModelProto, type NodeProto } from '#core/onnx/onnx_pb.ts';
import { rewriteTensors } from '../export/workbench.ts';
import type { Golden } from '../../reference/golden.ts';
import { exportFixture, fixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { decoderFeeds, graphFile } from '../onnx/patch/fixture.ts';
import { floats, runModel } from '../onnx/session.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LARGEST_HALF = 65504;
/** The first multiplies what it gets from the second, and its type is that of its first input. */
const TYPED_BY_INPUT = new Set([
  'MatMulNBits',
  'GroupQueryAttention',
  'SimplifiedLayerNormalization',
  'Reshape',
  'FastGelu',
  'Mul',
  'Add',
]);
const folder = temporaryFolder();
let reference: Golden;
beforeAll(async () => {
  reference = await golden();
});
afterAll(() => folder.remove());

/** The graph with the nodes of its text body in place of the If, as the text path runs it. */
function textPath(model: ModelProto): GraphProto {
  const graph = mainGraph(model);
  const choice = graph.node.find(({ opType }) => opType === 'If');
  const body = choice?.attribute.find(({ name }) => name === 'else_branch')?.g;
  if (!choice || !body) throw new Error('the decoder has no text body');
  const names = new GraphBuilder('names');
  body.output.forEach(({ name }, at) =>
    names.node('Identity', [name], { name: `/same/${at}`, outputs: [choice.output[at] ?? ''] }),
  );
  graph.node = graph.node.flatMap((node) => (node === choice ? [...body.node, ...names.build().node] : [node]));
  return graph;
}

/** Names of computed float16 values, each with the float32 value it stands for. */
function halfValues(graph: GraphProto): Map<string, string> {
  const stored = storedValues(graph);
  const halves = new Map<string, string>();
  for (const { opType, input, output, attribute } of graph.node) {
    const [first = ''] = input;
    const [result = ''] = output;
    if (opType === 'Cast' && attribute[0]?.i === BigInt(TensorProto_DataType.FLOAT16)) {
      if (!stored.has(result)) halves.set(result, first);
    } else if (halves.has(first) && TYPED_BY_INPUT.has(opType)) {
      halves.set(result, result);
      if (opType === 'GroupQueryAttention') for (const cache of output.slice(1)) halves.set(cache, cache);
    } else if (halves.has(first) && opType !== 'Cast' && opType !== 'Identity')
      throw new Error(`${opType} reads float16: the test does not know what type it gives`);
  }
  return halves;
}

/** Largest magnitude of values of a text prompt, by name. */
async function magnitudes(path: string, values: readonly string[]): Promise<Map<string, number>> {
  const { model, external } = graphFile(path, 'decoder_model_merged_q4.onnx');
  const graph = textPath(model);
  const measuring = new GraphBuilder('measuring');
  values.forEach((value, at) => {
    const magnitude = measuring.node('Abs', [value], { name: `/abs/${at}` });
    measuring.node('ReduceMax', [magnitude], {
      name: `/max/${at}`,
      attributes: { keepdims: { int: 0 } },
      outputs: [`largest/${at}`],
    });
  });
  const added: NodeProto[] = measuring.build().node;
  graph.node.push(...added);
  graph.output = values.map((_, at) => valueInfo(`largest/${at}`, 'float32', []));
  const ids = reference.cases['text_beyond_window']?.input_ids ?? [];
  const embeddings = await (await NodeModel.open(path, 'q4')).embeddings(ids);
  const found = await runModel(model, decoderFeeds(model, embeddings, ids.map(() => 1), 0), external); // prettier-ignore
  return new Map(values.map((value, at) => [value, floats(found[`largest/${at}`])[0] ?? NaN]));
}

/** Multiplies gate_proj and up_proj of a layer by a power of two. */
async function scaledCheckpoint(powers: number): Promise<string> {
  const checkpoint = join(folder.path, 'large-checkpoint');
  cpSync(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await rewriteTensors(join(checkpoint, 'model.safetensors'), (tensors) =>
    tensors.map((tensor) => {
      if (!/layers\.2\.mlp\.(?:gate|up)_proj\.weight$/u.test(tensor.name) || tensor.dtype !== 'BF16') return tensor;
      // The exponent of bfloat16 begins at bit 7.
      const halves = new Uint16Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength / 2);
      for (let at = 0; at < halves.length; at++)
        if ((halves[at] ?? 0) & 0x7f80) halves[at] = (halves[at] ?? 0) + (powers << 7);
      return tensor;
    }),
  );
  return checkpoint;
}

describe.each([
  { what: 'the fixture', powers: 0, gated: [0, 1e3] },
  { what: 'a checkpoint whose gated values reach 1e8', powers: 13, gated: [1e8, 1e10] },
])('$what', ({ powers, gated: [least = 0, most = 0] }) => {
  it('every float16 value is within float16', async () => {
    const path = join(folder.path, `package-${powers}`);
    await exportFixture(path, 'q4f16', powers === 0 ? {} : { checkpoint: await scaledCheckpoint(powers) });
    const halves = halfValues(textPath(graphFile(path, 'decoder_model_merged_q4f16.onnx').model));
    const sources = [...new Set(halves.values())];
    // A layer: the input of attention, q, k, v, two norms between two Reshapes each, attention and its cache, o.
    expect(sources).toHaveLength(8 * (1 + 3 + 6 + 3 + 1));
    const gated = '/model/layers.2/mlp/Mul/output';
    expect(sources).not.toContain(gated);
    const found = await magnitudes(path, [...sources, gated]);
    const ofGated = found.get(gated) ?? NaN;
    expect(ofGated).toBeGreaterThanOrEqual(least);
    expect(ofGated).toBeLessThan(most);
    found.delete(gated);
    const over = [...found].filter(([, magnitude]) => !(magnitude < LARGEST_HALF));
    expect(over).toEqual([]);
    const [[name, magnitude] = ['', NaN]] = [...found].sort((a, b) => b[1] - a[1]);
    console.log(
      `gated values reach ${ofGated.toExponential(1)}, the largest float16 value is ${magnitude.toFixed(1)}: ${name}`,
    );
  });
});
