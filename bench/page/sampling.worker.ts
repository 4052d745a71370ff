/** Ways to get from logits on the GPU to a sampled token, each timed from queueing until the result is on the host. */
import { expose } from 'comlink';
import type * as Ort from 'onnxruntime-web';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { Random } from '#core/sampling/random.ts';
import { createSampler } from '#core/sampling/sampler.ts';
import { gpuTensor, type Backend } from '../../workers/engine/model/backend.ts';
import { createSession } from '../../workers/engine/model/session.ts';
import { Backends } from '../../workers/engine/runtime/backends.ts';
import type { SamplingTimes } from './sampling.ts';

const K = 64;
const output = { ids: 'ids', values: 'values' };

/** TopK over the whole row. */
function wholeRow(vocabulary: number): GraphBuilder {
  const graph = new GraphBuilder('whole');
  const logits = graph.input('logits', 'float32', [1, vocabulary]);
  topK(graph, logits, 'top', [output.values, output.ids]);
  return finish(graph);
}

/** Maximum of each block, the K blocks with the largest maxima, then TopK among their values: gives the same K values. */
function twoStages(vocabulary: number, block: number): GraphBuilder {
  const graph = new GraphBuilder('stages');
  const logits = graph.input('logits', 'float32', [1, vocabulary]);
  const blocks = graph.node('Reshape', [logits, graph.int64([vocabulary / block, block])], { name: 'blocks' });
  const maxima = graph.node('ReduceMax', [blocks, graph.int64([1])], {
    name: 'maxima',
    attributes: { keepdims: { int: 0 } },
  });
  const row = graph.node('Reshape', [maxima, graph.int64([1, vocabulary / block])], { name: 'row' });
  const [, best = ''] = topK(graph, row, 'best', ['best/values', 'best/ids']);
  const flat = graph.node('Reshape', [best, graph.int64([K])], { name: 'flat' });
  const members = graph.node('Gather', [blocks, flat], { name: 'members', attributes: { axis: { int: 0 } } });
  const candidates = graph.node('Reshape', [members, graph.int64([1, K * block])], { name: 'candidates' });
  const [, within = ''] = topK(graph, candidates, 'top', [output.values, 'within']);
  // Converts an index among the candidates to an id: block · size + remainder.
  const at = graph.node('Reshape', [within, graph.int64([K])], { name: 'at' });
  const size = graph.int64([block]);
  const which = graph.node('Div', [at, size], { name: 'which' });
  const start = graph.node('Mul', [graph.node('Gather', [flat, which], { name: 'of' }), size], { name: 'start' });
  const rest = graph.node('Sub', [at, graph.node('Mul', [which, size], { name: 'floor' })], { name: 'rest' });
  const sum = graph.node('Add', [start, rest], { name: 'sum' });
  graph.node('Reshape', [sum, graph.int64([1, K])], { name: 'ids', outputs: [output.ids] });
  return finish(graph);
}

function argmax(vocabulary: number): GraphBuilder {
  const graph = new GraphBuilder('greedy');
  const logits = graph.input('logits', 'float32', [1, vocabulary]);
  graph.node('ArgMax', [logits], { name: 'greedy', attributes: { axis: { int: -1 } }, outputs: [output.ids] });
  graph.output(output.ids, 'int64', [1, 1]);
  return graph;
}

function topK(graph: GraphBuilder, x: string, name: string, outputs: string[]): string[] {
  return graph.nodes('TopK', [x, graph.int64([K])], { name, attributes: { axis: { int: -1 } }, outputs });
}

function finish(graph: GraphBuilder): GraphBuilder {
  graph.output(output.values, 'float32', [1, K]);
  graph.output(output.ids, 'int64', [1, K]);
  return graph;
}

async function measure(vocabulary: number, rounds: number): Promise<SamplingTimes> {
  const backend = await new Backends().open({ provider: 'webgpu' });
  const { gpu } = backend;
  if (!gpu) throw new Error('no GPU');
  const { device } = gpu;
  const random = Random.fromSeed(1);
  const logits = Float32Array.from({ length: vocabulary }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
    return 4 * radius * Math.cos(2 * Math.PI * random.uniform());
  });
  const expected = [...logits.entries()].sort((a, b) => b[1] - a[1]).slice(0, K);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: logits.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, logits);
  const staging = device.createBuffer({
    size: logits.byteLength,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const readBack = async () => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, logits.byteLength);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.unmap();
    return values;
  };
  const sampling = { temperature: 1, topK: K, topP: 0.95, repetitionPenalty: 1, seed: 1 };
  const ways: Record<string, () => Promise<unknown>> = {
    'all logits read back, no choice': readBack,
    'all logits read back, top-k 64 and top-p 0.95 in JavaScript': async () =>
      createSampler(sampling).sample(await readBack(), new Set()),
    'all logits read back, top-p 0.95 of the whole vocabulary in JavaScript': async () =>
      createSampler({ ...sampling, topK: 0 }).sample(await readBack(), new Set()),
    'ArgMax (greedy), one id read back': await session(backend, argmax(vocabulary), buffer, vocabulary, undefined),
    'TopK(64) of the provider over all': await session(backend, wholeRow(vocabulary), buffer, vocabulary, expected),
  };
  for (const block of [16, 64, 256])
    if (vocabulary % block === 0)
      ways[`block maxima of ${block}, then TopK(64) twice`] = await session(
        backend,
        twoStages(vocabulary, block),
        buffer,
        vocabulary,
        expected,
      );
  const times: SamplingTimes = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (const way of Object.values(ways)) await way();
  for (let round = 0; round < rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      await device.queue.onSubmittedWorkDone();
      const begin = performance.now();
      await way();
      times[name]?.push(performance.now() - begin);
    }
  return times;
}

/** @param expected ids and values of the K largest logits, checked after every run */
async function session(
  backend: Backend,
  graph: GraphBuilder,
  buffer: GPUBuffer,
  vocabulary: number,
  expected: readonly (readonly [number, number])[] | undefined,
): Promise<() => Promise<Ort.InferenceSession.ReturnType>> {
  const model = makeModel(graph.build(), 'bench');
  const none = () => Promise.reject(new Error('no external data'));
  const made = await createSession(backend, { model, path: 'sampling', external: none });
  const logits = gpuTensor(backend, buffer, 'float32', [1, vocabulary]);
  return async () => {
    const outputs = await made.run({ logits });
    const ids = outputs[output.ids]?.data;
    expected?.forEach(([id], index) => {
      if (Number(ids?.[index]) !== id) throw new Error(`candidate ${index} is ${ids?.[index]} and should be ${id}`);
    });
    return outputs;
  };
}

expose({ measure });
