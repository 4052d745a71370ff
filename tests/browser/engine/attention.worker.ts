/** One attention operator of ONNX Runtime's WebGPU provider on random numbers, against plain JavaScript. */
import { expose } from 'comlink';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { writeModel } from '#core/onnx/model.ts';
import { requestGpu } from '../../../workers/engine/runtime/device.ts';
import { chooseBuild, loadOrt, sessionOptions } from '../../../workers/engine/runtime/ort.ts';

export interface Shape {
  operator: 'MultiHeadAttention' | 'GroupQueryAttention';
  /** New tokens, behind `past` that an earlier run left in the cache (GroupQueryAttention only). */
  tokens: number;
  past: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
}

/** Rows of the static cache. */
const capacity = 320;
const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

/** `asked`: every feature of the adapter, whether it is safe or not; else the engine's own device. */
async function deviceOf(withSubgroups: boolean): Promise<GPUDevice> {
  if (!withSubgroups) {
    const gpu = await requestGpu();
    if (typeof gpu === 'string') throw new Error(`the tests need WebGPU: ${gpu}`);
    return gpu.device;
  }
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('the tests need WebGPU');
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  return adapter.requestDevice({
    requiredFeatures: ['subgroups'],
    requiredLimits: { maxStorageBuffersPerShaderStage },
  });
}

function graphOf({ operator, heads, keyValueHeads, headDim }: Shape): Uint8Array<ArrayBuffer> {
  const graph = new GraphBuilder('attention');
  const q = graph.input('q', 'float32', [1, 's', heads * headDim]);
  const k = graph.input('k', 'float32', [1, 's', keyValueHeads * headDim]);
  const v = graph.input('v', 'float32', [1, 's', keyValueHeads * headDim]);
  const node = { name: 'attention', domain: 'com.microsoft' } as const;
  if (operator === 'MultiHeadAttention') {
    graph.nodes(operator, [q, k, v], { ...node, outputs: ['o'], attributes: { num_heads: { int: heads } } });
  } else {
    const cache = (name: string, length: string) => [name, 'float32', [1, keyValueHeads, length, headDim]] as const;
    const past = [graph.input(...cache('past_key', 'past')), graph.input(...cache('past_value', 'past'))];
    const lengths = [graph.input('seqlens_k', 'int32', [1]), graph.input('total', 'int32', [])];
    graph.nodes(operator, [q, k, v, ...past, ...lengths], {
      ...node,
      outputs: ['o', 'present_key', 'present_value'],
      attributes: { num_heads: { int: heads }, kv_num_heads: { int: keyValueHeads } },
    });
    graph.output(...cache('present_key', 'present'));
    graph.output(...cache('present_value', 'present'));
  }
  graph.output('o', 'float32', [1, 's', heads * headDim]);
  return writeModel(makeModel(graph.build(), 'test'));
}

/** Deterministic values in [-1, 1). */
function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/**
 * softmax(q · kᵀ / √headDim) · v in float64, for the rows from `past` on (Vaswani et al. 2017). Layout [tokens, heads · headDim].
 * GroupQueryAttention is causal, MultiHeadAttention here is not.
 */
function reference(shape: Shape, q: Float32Array, k: Float32Array, v: Float32Array): Float64Array {
  const { operator, past, tokens, heads, keyValueHeads, headDim } = shape;
  const total = past + tokens;
  const out = new Float64Array(tokens * heads * headDim);
  for (let row = past; row < total; row++)
    for (let head = 0; head < heads; head++) {
      const keyHead = Math.floor((head * keyValueHeads) / heads);
      const at = (token: number, dim: number) => (token * keyValueHeads + keyHead) * headDim + dim;
      const visible = operator === 'GroupQueryAttention' ? row + 1 : total;
      const scores = Array.from({ length: visible }, (_, key) => {
        let dot = 0;
        for (let dim = 0; dim < headDim; dim++)
          dot += (q[(row * heads + head) * headDim + dim] ?? NaN) * (k[at(key, dim)] ?? NaN);
        return dot / Math.sqrt(headDim);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const sum = weights.reduce((a, b) => a + b, 0);
      for (let dim = 0; dim < headDim; dim++) {
        let mixed = 0;
        for (let key = 0; key < visible; key++) mixed += (weights[key] ?? NaN) * (v[at(key, dim)] ?? NaN);
        out[((row - past) * heads + head) * headDim + dim] = mixed / sum;
      }
    }
  return out;
}

let session: { device: GPUDevice; withSubgroups: boolean } | undefined;

const api = {
  async subgroups(): Promise<{ hasFeature: boolean; minSize: number; maxSize: number }> {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) throw new Error('the tests need WebGPU');
    const { subgroupMinSize, subgroupMaxSize } = adapter.info;
    return { hasFeature: adapter.features.has('subgroups'), minSize: subgroupMinSize, maxSize: subgroupMaxSize };
  },

  /** Largest difference to the reference; one kind of device for the life of the worker. */
  async difference(shape: Shape, withSubgroups: boolean): Promise<number> {
    const { ort } = await loadOrt(chooseBuild('webgpu'));
    session ??= { device: await deviceOf(withSubgroups), withSubgroups };
    if (session.withSubgroups !== withSubgroups) throw new Error('the runtime keeps its first device');
    const { device } = session;
    const { operator, past, tokens, heads, keyValueHeads, headDim } = shape;
    const total = past + tokens;
    const [q, k, v] = [
      noise(total * heads * headDim, 1),
      noise(total * keyValueHeads * headDim, 2),
      noise(total * keyValueHeads * headDim, 3),
    ];
    const model = await ort.InferenceSession.create(graphOf(shape), sessionOptions(device));
    const part = (all: Float32Array, from: number, to: number) => {
      const width = all.length / total;
      return new ort.Tensor('float32', all.slice(from * width, to * width), [1, to - from, width]);
    };
    const buffers = [0, 1].map(() =>
      device.createBuffer({ size: keyValueHeads * capacity * headDim * 4, usage: storage }),
    );
    const [keys, values] = buffers.map((buffer) =>
      ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [1, keyValueHeads, capacity, headDim] }),
    );
    if (!keys || !values) throw new Error('unreachable');
    const run = async (from: number, to: number) => {
      const feeds = { q: part(q, from, to), k: part(k, from, to), v: part(v, from, to) };
      if (operator === 'MultiHeadAttention') return (await model.run(feeds))['o'];
      const lengths = {
        seqlens_k: new ort.Tensor('int32', [to - 1], [1]),
        total: new ort.Tensor('int32', [to], []),
      };
      const cache = { past_key: keys, past_value: values };
      const fetches = { o: null, present_key: keys, present_value: values };
      return (await model.run({ ...feeds, ...cache, ...lengths }, fetches))['o'];
    };
    if (past > 0) await run(0, past);
    const output = await run(past, total);
    if (!(output?.data instanceof Float32Array)) throw new Error('no float32 output');
    const expected = reference(shape, q, k, v);
    if (output.data.length !== expected.length) throw new Error('another shape');
    let largest = 0;
    // NaN must not pass for equal.
    for (const [index, value] of output.data.entries()) {
      const distance = Math.abs(value - (expected[index] ?? NaN));
      if (!(distance <= largest)) largest = distance;
    }
    await model.release();
    for (const buffer of buffers) buffer.destroy();
    return largest;
  },
};

export type AttentionWorkerApi = typeof api;
expose(api);
