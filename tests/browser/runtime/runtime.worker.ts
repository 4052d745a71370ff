/** The runtime as the engine worker has it; every function answers with plain numbers. */
import { expose } from 'comlink';
import type * as Ort from 'onnxruntime-web';
import { requestGpu, type Gpu } from '../../../workers/engine/runtime/device.ts';
import { GpuLedger } from '../../../workers/engine/runtime/ledger.ts';
import { memoryStats } from '../../../workers/engine/runtime/memory.ts';
import { chooseBuild, loadOrt, sessionOptions, type OrtBuild } from '../../../workers/engine/runtime/ort.ts';
import { RetryingBlob } from '../../../workers/engine/runtime/retrying-blob.ts';
import { addOne, ATTENTION, attentionIf, chain, TIED, tiedHead } from './models.ts';

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

async function gpu(): Promise<Gpu> {
  const found = await requestGpu();
  if (typeof found === 'string') throw new Error(`the tests need WebGPU: ${found}`);
  return found;
}

async function read(device: GPUDevice, buffer: GPUBuffer): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const bytes = staging.getMappedRange().slice(0);
  staging.destroy();
  return bytes;
}

/** Deterministic values in [-1, 1). */
function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const floats = (tensor: Ort.Tensor | undefined): Float32Array => {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('no float32 output');
  return tensor.data;
};

const api = {
  chooseBuild: (provider: 'webgpu' | 'wasm') => chooseBuild(provider),

  async addOne(build: OrtBuild, onGpu: boolean) {
    const runtime = await loadOrt(build);
    const { device } = onGpu ? await gpu() : { device: undefined };
    const before = runtime.wasmBytes();
    const session = await runtime.ort.InferenceSession.create(addOne(), sessionOptions(device));
    const { y } = await session.run({ x: new runtime.ort.Tensor('float32', [1, 2, 3], [3]) });
    const result = {
      y: [...floats(y)],
      before,
      stats: memoryStats({ runtime, gpu: undefined }, undefined),
      wasmPaths: runtime.ort.env.wasm.wasmPaths,
    };
    await session.release();
    return { ...result, threads: runtime.ort.env.wasm.numThreads };
  },

  async device() {
    const first = await gpu();
    const limits = first.device.limits;
    const { adapter } = first;
    const outcome = { ownDestroy: 'quiet', strangeDestroy: 'quiet' };
    void first.lost.then(({ reason }) => (outcome.ownDestroy = reason));
    first.destroy();
    const second = await gpu();
    void second.lost.then(({ reason }) => (outcome.strangeDestroy = reason));
    second.device.destroy();
    await Promise.all([first.device.lost, second.device.lost]);
    await new Promise((resolve) => setTimeout(resolve));
    return {
      adapter,
      storageBuffers: limits.maxStorageBuffersPerShaderStage,
      bufferBytes: limits.maxBufferSize,
      outcome,
    };
  },

  /** Loads a chain of `count` matrices of `size`² floats from a Blob and runs it once. */
  async stream(build: OrtBuild, size: number, count: number) {
    const runtime = await loadOrt(build);
    const { device, destroy } = await gpu();
    const ledger = new GpuLedger(device);
    const { model, file } = chain(size, count);
    // Wi is full of (i + 1) / size: x of ones comes out as count! in every place.
    const data = new RetryingBlob(
      new Blob(Array.from({ length: count }, (_, i) => new Blob([new Float32Array(size * size).fill((i + 1) / size)]))),
    );
    // What the runtime reads from the Blob at once is what it must hold.
    const whole: number[] = [];
    const slices: number[] = [];
    const original = { arrayBuffer: data.arrayBuffer.bind(data), slice: data.slice.bind(data) };
    data.arrayBuffer = () => {
      whole.push(data.size);
      return original.arrayBuffer();
    };
    data.slice = (start, end, type) => {
      slices.push((end ?? data.size) - (start ?? 0));
      return original.slice(start, end, type);
    };
    const { InferenceSession, Tensor } = runtime.ort;
    const session = await ledger.during('weights', () =>
      InferenceSession.create(model, { ...sessionOptions(device), externalData: [{ path: file, data }] }),
    );
    const loaded = { gpu: ledger.gpu(), peak: ledger.peak.total, wasm: runtime.wasmBytes() ?? NaN };
    const { y } = await session.run({ x: new Tensor('float32', new Float32Array(size).fill(1), [1, size]) });
    const values = [...floats(y).subarray(0, 3)];
    const own = ledger.createBuffer('kv', { size: 4096, usage: STORAGE });
    const kv = ledger.gpu().kv.bytes;
    own.destroy();
    own.destroy();
    await session.release();
    const released = { bytes: ledger.bytes, buffers: ledger.buffers };
    destroy();
    return { fileBytes: data.size, whole, slices, loaded, values, kv, released };
  },

  /** GPU bytes while two sessions over weights of their own come and go on one device. */
  async releaseOneOfTwo(size: number) {
    const { ort } = await loadOrt(chooseBuild('webgpu'));
    const { device, destroy } = await gpu();
    const ledger = new GpuLedger(device);
    const { model, file } = chain(size, 1);
    const externalData = [{ path: file, data: new RetryingBlob(new Blob([new Float32Array(size * size)])) }];
    const create = () => ort.InferenceSession.create(model, { ...sessionOptions(device), externalData });
    const first = await create();
    const second = await create();
    const both = ledger.bytes;
    await first.release();
    const one = ledger.bytes;
    await second.release();
    const none = ledger.bytes;
    destroy();
    return { both, one, none };
  },

  /** Ten greedy steps: one buffer is table and head, another is the id that goes round. */
  async tiedLoop() {
    const { ort } = await loadOrt(chooseBuild('webgpu'));
    const { device, destroy } = await gpu();
    const { vocabulary, hidden, block } = TIED;
    const upload = (data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>) => {
      const buffer = device.createBuffer({ size: Math.max(16, data.byteLength), usage: STORAGE });
      device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    };
    const weights = Uint8Array.from(noise((vocabulary * hidden) / 2, 3), (value) => Math.floor((value + 1) * 128));
    // Rows of the head are those of the table, one further: the likeliest next id is the one before.
    const row = hidden / 2;
    const shifted = new Uint8Array(weights.length + row);
    shifted.set(weights);
    shifted.set(weights.subarray(0, row), weights.length);
    const buffer = upload(weights);
    const rolled = upload(shifted.slice(row));
    const scales = upload(new Float32Array((vocabulary * hidden) / block).fill(0.02));
    const id = upload(new BigInt64Array([5n]));
    const view = (of: GPUBuffer, dataType: 'uint8' | 'float32' | 'int64', dims: number[]) =>
      ort.Tensor.fromGpuBuffer(of, { dataType, dims });
    const blocks = hidden / block;
    const feeds = (head: GPUBuffer) => ({
      ids: view(id, 'int64', [1, 1]),
      table: view(buffer, 'uint8', [vocabulary, row]),
      head: view(head, 'uint8', [vocabulary, blocks, block / 2]),
      table_scales: view(scales, 'float32', [vocabulary, blocks]),
      head_scales: view(scales, 'float32', [vocabulary * blocks]),
    });
    const session = await ort.InferenceSession.create(tiedHead(), sessionOptions(device));
    const steps = async (head: GPUBuffer, count: number) => {
      const ids = [];
      for (let i = 0; i < count; i++) {
        await session.run(feeds(head), { next: view(id, 'int64', [1, 1]) });
        ids.push(Number(new BigInt64Array(await read(device, id))[0]));
      }
      return ids;
    };
    const result = { same: await steps(buffer, 2), rolled: await steps(rolled, 8) };
    // All bits set beforehand: an output of which only the low half is written would show.
    const other = upload(new BigInt64Array([-1n]));
    await session.run(feeds(buffer), { next: view(other, 'int64', [1, 1]) });
    const overwritten = Number(new BigInt64Array(await read(device, other))[0]);
    // ONNX tensors over our buffers do not own them.
    view(id, 'int64', [1, 1]).dispose();
    const alive = Number(new BigInt64Array(await read(device, id))[0]);
    await session.release();
    destroy();
    return { ...result, alive, overwritten };
  },

  /** Prefill at once against prefill in chunks through one buffer that is past and present; largest difference, for either body. */
  async staticCache() {
    const { ort } = await loadOrt(chooseBuild('webgpu'));
    const { device, destroy } = await gpu();
    const { heads, kvHeads, headDim, context } = ATTENTION;
    const session = await ort.InferenceSession.create(attentionIf(), sessionOptions(device));
    const tokens = 14;
    const [q, k, v] = [heads, kvHeads, kvHeads].map((width, i) => noise(tokens * width * headDim, i + 1));
    if (!q || !k || !v) throw new Error('unreachable');
    const run = async (chunks: readonly number[], flagOf: (chunk: number) => boolean) => {
      const size = kvHeads * context * headDim * 4;
      const [key, value] = [0, 1].map(() => device.createBuffer({ size, usage: STORAGE }));
      if (!key || !value) throw new Error('unreachable');
      const cache = (buffer: GPUBuffer) =>
        ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [1, kvHeads, context, headDim] });
      const part = (all: Float32Array, from: number, count: number) => {
        const width = all.length / tokens;
        return new ort.Tensor('float32', all.slice(from * width, (from + count) * width), [1, count, width]);
      };
      const out: number[] = [];
      for (const [i, count] of chunks.entries()) {
        const past = out.length / (heads * headDim);
        const feeds = {
          windowed: new ort.Tensor('bool', [flagOf(i)], []),
          q: part(q, past, count),
          k: part(k, past, count),
          v: part(v, past, count),
          past_key: cache(key),
          past_value: cache(value),
          seqlens_k: new ort.Tensor('int32', [past + count - 1], [1]),
          total: new ort.Tensor('int32', [past + count], []),
        };
        const { o } = await session.run(feeds, { o: null, present_key: cache(key), present_value: cache(value) });
        out.push(...floats(o));
      }
      key.destroy();
      value.destroy();
      return out;
    };
    const largest = (a: readonly number[], b: readonly number[]) =>
      a.length === b.length ? a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? NaN))), 0) : NaN;
    const whole = { false: await run([tokens], () => false), true: await run([tokens], () => true) };
    const found = [];
    for (const windowed of [false, true]) {
      const [own, other] = windowed ? [whole.true, whole.false] : [whole.false, whole.true];
      const inChunks = await run([9, 1, 1, 3], () => windowed);
      // The last token by the other body, over the cache that this one filled.
      const mixed = await run([9, 1, 1, 2, 1], (chunk) => (chunk < 4 ? windowed : !windowed));
      const last = -heads * headDim;
      found.push({
        windowed,
        chunked: largest(own, inChunks),
        switched: largest(mixed.slice(last), other.slice(last)),
        bodiesDiffer: largest(own, other),
      });
    }
    await session.release();
    destroy();
    return found;
  },
};

export type RuntimeWorkerApi = typeof api;
expose(api);
