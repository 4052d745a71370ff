/** The cost of training against the training graph itself: which values its backward nodes read, of which shapes, and its products. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { valueOf } from '#core/budget/expression.ts';
import {
  fitsInTab,
  loraMemory,
  measuredRate,
  multiplyAddsOf,
  runsOfStep,
  secondsPerStep,
  WASM_BYTES,
} from '#core/budget/lora-in-page.ts';
import { loraStep, type RunShape, type TrainedPairs } from '#core/budget/lora-step.ts';
import { config4B } from '#core/budget/lora.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';
import type { TextConfig } from '#core/gemma3/config.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { trainingGraph, TRAINING_INPUTS } from '#core/gemma3/training-graph.ts';
import { feedsOf, partsOf, type TrainingRow } from '#core/lora/training/batch.ts';
import { loraLayout } from '#core/lora/training/parameters.ts';
import { RowOrder } from '#core/lora/training/row-order.ts';
import { mainGraph, writeModel } from '#core/onnx/model.ts';
import {
  TensorProto_DataType,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '#core/onnx/onnx_pb.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { readPackage, type ModelPackage } from '../../../workers/engine/model/package.ts';
import { exportFixture, temporaryFolder } from '../../reference/node.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = temporaryFolder();
afterAll(() => folder.remove());
beforeAll(async () => {
  for (const dtype of ['q4', 'fp32'] as const) await exportFixture(`${folder.path}/${dtype}`, dtype);
});

/** Two rows, padded to one length. */
const row = (tokens: number, answers: number): TrainingRow => ({
  ids: Array.from({ length: tokens }, (_, id) => id),
  mask: Array.from({ length: tokens }, () => 1),
  images: [],
  answers: Array.from({ length: answers }, (_, at) => ({ position: tokens - answers + at, id: at })),
});
const rows = [row(23, 7), row(19, 4)];
const run: RunShape = { rows: 2, sequence: 23, answers: 11 };

interface Counted {
  kept: { activations: number; probabilities: number; logits: number; pairs: number };
  forward: number;
  backward: number;
  /** Bytes of weights, floats of 16 bits and scales as float32. */
  weights: number;
  measuring: number;
  widened: number;
}

/** Nodes whose results do not change from run to run: the runtime computes them once. */
function constants({ initializer, node }: GraphProto): Set<string> {
  const found = new Set(initializer.map(({ name }) => name));
  for (const { opType, input, output } of node)
    if (opType !== 'DequantizeLinear' && input.every((name) => name === '' || found.has(name)))
      for (const name of output) found.add(name);
  return found;
}

/** The value whose memory a view is. */
function owner(value: string, producers: ReadonlyMap<string, NodeProto>): string {
  const node = producers.get(value);
  const isView = node !== undefined && ['Reshape', 'Unsqueeze', 'Squeeze', 'Identity'].includes(node.opType);
  return isView ? owner(node.input[0] ?? '', producers) : value;
}

const PRODUCTS = ['MatMul', 'Gemm', 'MatMulNBits'];

/** Of those that nodes read: the runtime leaves the others out. */
function weightBytes({ initializer, node }: GraphProto): number {
  const read = new Set(node.flatMap(({ input }) => input));
  const width = new Map<number, number>([
    [TensorProto_DataType.FLOAT, 4],
    [TensorProto_DataType.FLOAT16, 4],
    [TensorProto_DataType.UINT8, 1],
    [TensorProto_DataType.UINT4, 0.5],
  ]);
  return initializer
    .filter(({ name }) => name.startsWith('model.') && read.has(name))
    .reduce(
      (all, { dims, dataType }) => all + dims.reduce((n, d) => n * Number(d), 1) * (width.get(dataType) ?? NaN),
      0,
    );
}

/** Runs the graph with every value of interest as an output, and counts. */
async function count(pack: ModelPackage, path: string, pairs: TrainedPairs): Promise<Counted> {
  const { text } = pack.config;
  const layout = loraLayout(text, { ...pairs, alpha: 1 });
  const graphWith = async (withGradients: boolean) =>
    trainingGraph(await pack.decoder.read(), text, { layout, positions: 32, withGradients });
  const model = await graphWith(true);
  const graph = mainGraph(model);
  const measuring = mainGraph(await graphWith(false));
  const forward = new Set(measuring.node.map(({ name }) => name));
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const fixed = constants(graph);
  const isForward = (value: string) => forward.has(producers.get(value)?.name ?? '') && !fixed.has(value);
  const read = graph.node.filter(({ name }) => !forward.has(name)).flatMap(({ input }) => input);
  const kept = new Set(read.map((value) => owner(value, producers)).filter(isForward));
  const products = graph.node.filter(({ opType }) => PRODUCTS.includes(opType));
  const wanted = new Set([...kept, ...products.flatMap(({ input, output }) => [input[0] ?? '', ...output])]);
  const inputs = new Set(graph.input.map(({ name }) => name));
  for (const name of wanted)
    if (!inputs.has(name) && !graph.output.some((output) => output.name === name))
      graph.output.push(create(ValueInfoProtoSchema, { name }));
  const session = await ort.InferenceSession.create(writeModel(model), {
    ...{ logSeverityLevel: 3, graphOptimizationLevel: 'disabled' },
    extra: { session: { model_external_initializers_file_folder_path: `${folder.path}/${path}/onnx` } },
  });
  const feeds = {
    ...feedsOf(rows, { hidden: text.hiddenSize, of: () => new Float32Array(text.hiddenSize).fill(0.1) }, 1),
    [TRAINING_INPUTS.parameters]: { type: 'float32', data: new Float32Array(layout.length), dims: [layout.length] },
  } as const;
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]),
  );
  const results = { ...(await session.run(tensors)), ...tensors };
  await session.release();

  const counted: Counted = {
    kept: { activations: 0, probabilities: 0, logits: 0, pairs: 0 },
    ...{ forward: 0, backward: 0, widened: 0 },
    weights: weightBytes(graph),
    measuring: weightBytes(measuring),
  };
  for (const name of kept) {
    const tensor = results[name];
    if (!tensor) throw new Error(`${name} did not come back`);
    // Lengths and shapes, a few integers each.
    if (tensor.type === 'int64') continue;
    expect(tensor.type, name).toBe('float32');
    counted.kept[kindOf(producers.get(name))] += tensor.size;
  }
  for (const node of products) {
    const [first, result] = [results[node.input[0] ?? ''], results[node.output[0] ?? '']];
    if (!first || !result) throw new Error(`${node.name} did not come back`);
    const isTransposed = node.attribute.some(({ name, i }) => name === 'transA' && i === 1n);
    const inner = first.dims.at(isTransposed ? 0 : -1) ?? NaN;
    counted[forward.has(node.name) ? 'forward' : 'backward'] += result.size * inner;
  }
  counted.widened = await mostWidened(await graphWith(true), path, tensors);
  return counted;
}

/** The most bytes of widened matrices at a time, in the order in which the runtime runs the graph: from where W is computed to where it is read. */
async function mostWidened(model: ModelProto, path: string, tensors: Record<string, ort.Tensor>): Promise<number> {
  const session = await ort.InferenceSession.create(writeModel(model), {
    ...{ logSeverityLevel: 3, enableProfiling: true, profileFilePrefix: `${folder.path}/order` },
    extra: { session: { model_external_initializers_file_folder_path: `${folder.path}/${path}/onnx` } },
  });
  await session.run(tensors);
  session.endProfiling();
  await session.release();
  const [file = ''] = (await readdir(folder.path)).filter((name) => name.startsWith('order'));
  const events: { name: string }[] = JSON.parse(await readFile(join(folder.path, file), 'utf8'));
  await rm(join(folder.path, file));
  const place = new Map(events.map(({ name }, at) => [name.replace(/_kernel_time$/u, ''), at]));
  const { node, initializer } = mainGraph(model);
  const spans = node
    .filter(({ opType }) => opType === 'DequantizeLinear')
    .map(({ name, input, output }) => {
      const reader = node.find((other) => other.input.includes(output[0] ?? ''));
      const codes = initializer.find((tensor) => tensor.name === input[0]);
      const bytes = 4 * (codes?.dims.reduce((numbers, dim) => numbers * Number(dim), 1) ?? NaN);
      return { from: place.get(name) ?? NaN, to: place.get(reader?.name ?? '') ?? NaN, bytes };
    });
  for (const { from, to } of spans) expect(from).toBeLessThan(to);
  const at = (moment: number) =>
    spans.filter(({ from, to }) => from <= moment && moment <= to).reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.max(0, ...spans.map(({ from }) => at(from)));
}

function kindOf(node: NodeProto | undefined): keyof Counted['kept'] {
  if (node?.opType === 'Softmax') return 'probabilities';
  if (node?.name.startsWith('/lora/')) return 'pairs';
  return node?.name.startsWith('/lm_head/') || node?.opType === 'ReduceLogSumExp' ? 'logits' : 'activations';
}

const targetSets: TrainedPairs['targets'][] = [
  ['q_proj', 'v_proj', 'o_proj'],
  PROJECTIONS,
  ['k_proj'],
  ['o_proj', 'up_proj'],
  ['gate_proj'],
  ['down_proj'],
];

describe.each(['q4', 'fp32'] as const)('the %s package', (dtype) => {
  it.each(targetSets.map((targets) => [targets.join(', '), targets] as const))(
    '%s: as in the graph',
    async (_, targets) => {
      const pack = await readPackage(
        await FolderReader.open(`${folder.path}/${dtype}`, { wanted: 'package', recursive: true }),
      );
      const { text } = pack.config;
      const pairs = { rank: 3, targets };
      const counted = await count(pack, dtype, pairs);
      const { kept, multiplyAdds } = loraStep(text, pairs, run);
      const values = Object.fromEntries(Object.entries(kept).map(([name, of]) => [name, valueOf(of)]));
      expect(values).toEqual(counted.kept);
      expect([valueOf(multiplyAdds.forward), valueOf(multiplyAdds.backward)]).toEqual([
        counted.forward,
        counted.backward,
      ]);
      const storage = STORAGE_PRESETS[dtype];
      const figures = loraMemory(text, { pairs, storage, run, measures: true, checkpoints: 2 });
      const bytes = new Map(figures.map((figure) => [figure.purpose, valueOf(figure.bytes)]));
      expect([bytes.get('weights'), bytes.get('measuring')]).toEqual([counted.weights, counted.measuring]);
      // An upper bound; the lab's targets reach it.
      const widened = bytes.get('widened') ?? 0;
      expect(counted.widened).toBeLessThanOrEqual(widened);
      if (targets === targetSets[0]) expect(counted.widened).toBe(widened);
      const { length } = loraLayout(text, { ...pairs, alpha: 1 });
      expect(bytes.get('adapter')).toBe(16 * length + 4 * counted.kept.pairs);
      expect(bytes.get('checkpoints')).toBe(2 * 12 * length);
      expect(bytes.get('logits')).toBe(4 * counted.kept.logits);
    },
  );
});

const pairs: TrainedPairs = { rank: 8, targets: ['q_proj', 'v_proj', 'o_proj'] };

it('runs of a step are those of the trainer, and what they multiply adds up', () => {
  const lengths = Array.from({ length: 40 }, (_, at) => row(20 + (at % 7), 1 + (at % 3)));
  const settings = { seed: 5, batchRows: 12, tokensAtOnce: 100 };
  for (const step of [0, 3, 9]) {
    const runs = runsOfStep(
      lengths.map(({ ids, answers }) => ({ tokens: ids.length, answerTokens: answers.length })),
      settings,
      step,
    );
    const drawn = new RowOrder(40, 5).batch(step, 12).flatMap((index) => lengths[index] ?? []);
    expect(runs).toEqual(
      partsOf(drawn, 100).map((part) => ({
        rows: part.length,
        sequence: part[0]?.ids.length,
        answers: part.reduce((sum, { answers }) => sum + answers.length, 0),
      })),
    );
    const { text } = config4B;
    const all = multiplyAddsOf(text, pairs, runs);
    const each = runs.map((one) => valueOf(loraStep(text, pairs, one).multiplyAdds.backward));
    expect(valueOf(all.backward)).toBe(each.reduce((sum, value) => sum + value, 0));
  }
});

it('time is what this machine measured, and nothing before it', () => {
  expect(measuredRate([])).toBeUndefined();
  const rate = measuredRate([
    { multiplyAdds: 30, seconds: 1 },
    { multiplyAdds: 30, seconds: 2 },
  ]);
  expect(rate).toBe(20);
  const { multiplyAdds } = loraStep(config4B.text, pairs, run);
  const all = valueOf(multiplyAdds.forward) + valueOf(multiplyAdds.backward);
  expect(valueOf(secondsPerStep(multiplyAdds, rate ?? NaN))).toBe(all / 20);
});

describe('whether a tab holds it', () => {
  const what = { pairs, storage: STORAGE_PRESETS.q4, measures: true, checkpoints: 10 };
  const teaching: TextConfig = {
    ...config4B.text,
    ...{ hiddenSize: 192, intermediateSize: 512, layers: 6, heads: 4, keyValueHeads: 2, headDim: 48 },
    vocabularySize: 1088,
  };

  it('the teaching model: with much room', () => {
    const { fits, bytes } = fitsInTab(teaching, { ...what, run: { rows: 24, sequence: 60, answers: 300 } });
    expect(fits).toBe(true);
    expect(valueOf(bytes)).toBeLessThan(WASM_BYTES / 20);
  });

  it('MedGemma 4B: not with a single short row, and what is largest is said', () => {
    const short = { rows: 1, sequence: 64, answers: 8 };
    const { fits, bytes, figures } = fitsInTab(config4B.text, { ...what, measures: false, checkpoints: 0, run: short });
    expect(fits).toBe(false);
    expect(valueOf(bytes)).toBeGreaterThan(1.5 * WASM_BYTES);
    expect(figures.slice(0, 2).map(({ purpose }) => purpose)).toEqual(['weights', 'widened']);
    // The head in float32, and the three matrices of an MLP.
    expect(valueOf(figures[1]?.bytes ?? bytes)).toBe((262_208 + 3 * 10_240) * 2560 * 4);
  });
});
