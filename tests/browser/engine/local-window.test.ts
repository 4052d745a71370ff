/** Local layers that keep their window, on WebGPU: the tokens of the CPU, through rows that move, an image among them. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { kvCacheBytes, localCacheRows } from '#core/budget/kv-cache.ts';
import { IMAGE_TOKEN, maskOf } from '../../reference/golden.ts';
import { decodeGreedy } from '../../../workers/engine/generation/decode.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import { gpuTensor, type Backend } from '../../../workers/engine/model/backend.ts';
import { Decoder } from '../../../workers/engine/model/decoder.ts';
import { DecoderSession } from '../../../workers/engine/model/decoder-session.ts';
import { GpuWeights } from '../../../workers/engine/model/gpu-weights.ts';
import { kvInputs } from '../../../workers/engine/model/kv-cache.ts';
import type { LoadedModel } from '../../../workers/engine/model/load.ts';
import { LocalRows } from '../../../workers/engine/model/local-rows.ts';
import { ModelSessions } from '../../../workers/engine/model/sessions.ts';
import { StaticKvCache } from '../../../workers/engine/model/static-kv-cache.ts';
import { full } from '../provided.ts';
import { load } from './model.ts';

// A software adapter takes a second for a token on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const contextLength = 512;
const imageAt = 330;
const ids = Array.from({ length: 360 }, (_, at) =>
  at >= imageAt && at < imageAt + 4 ? IMAGE_TOKEN : 4 + ((at * 97 + 13) % 480),
);
const prompt = { ids, mask: maskOf(ids), images: [{ index: 0, start: imageAt, length: 4 }] };
const never = new AbortController().signal;
let gpu: LoadedModel;
let cpu: LoadedModel;
let expected: number[];

beforeAll(async () => {
  cpu = await load('fp32', 'wasm', contextLength);
  gpu = await load('fp32', 'webgpu', contextLength);
  expected = await answer(cpu, 24);
});
afterAll(async () => {
  await gpu.dispose();
  await cpu.dispose();
});

/** Features of an image where the vision encoder leaves them. */
function imageTensor(backend: Backend, features: Float32Array<ArrayBuffer>) {
  const dims = [1, 4, 160];
  if (!backend.gpu) return new backend.runtime.ort.Tensor('float32', features, dims);
  const { device, ledger } = backend.gpu;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = ledger.createBuffer('images', { size: features.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, features);
  return gpuTensor(backend, buffer, 'float32', dims);
}

/** Greedy tokens after as much of the prompt as the cache does not hold. */
async function answer(model: LoadedModel, limit: number): Promise<number[]> {
  const { backend, embedding, decoder } = model;
  // Any image will do: both devices get the same.
  const noise = Float32Array.from({ length: 4 * 160 }, (_, at) => Math.sin(at * 1.7));
  const image = imageTensor(backend, noise);
  const result = await prefill({
    model,
    prompt,
    features: () => image,
    want: 'token',
    signal: never,
    onChunk() {},
  });
  const tokens: number[] = [];
  const endTokens = new Set<number>();
  await decodeGreedy(
    { backend, embedding, decoder, endTokens, limit, signal: never, onToken: (id) => tokens.push(id) },
    result?.token ?? NaN,
  );
  return tokens;
}

test('the cache takes the bytes that are foretold, and answers past its rows', async () => {
  const { keyValueHeads, headDim, isLocal, slidingWindow } = gpu.package.config.text;
  const shape = { keyValueHeads, headDim, isLocal, slidingWindow };
  expect(gpu.backend.gpu?.ledger.gpu().kv.bytes).toBe(kvCacheBytes(shape, contextLength, 4));
  expect(new Set(expected).size).toBeGreaterThan(1);
  expect(await answer(gpu, 24)).toEqual(expected);
  expect(gpu.decoder.cache.rows?.start).toBeGreaterThan(0);
});

test.runIf(full)('rows that move many times, and tokens that are taken back', async () => {
  const { backend, package: pack } = gpu;
  const chunk = 16;
  const sessions = new ModelSessions(backend);
  const size = { contextLength, longestChunk: chunk };
  const decoderSession = new DecoderSession(pack, backend, new GpuWeights(backend, pack), size, sessions);
  const graph = await decoderSession.graph([]);
  expect(graph.local?.rows).toBe(localCacheRows(16, chunk));
  const made = await decoderSession.make(graph, never, () => undefined);
  const cache = new StaticKvCache(backend, kvInputs(graph.text.model), contextLength, graph.local);
  const decoder = new Decoder(backend, made, cache);
  const makeRoom = vi.spyOn(LocalRows.prototype, 'makeRoom');
  expect(await answer({ ...gpu, decoder, longestChunk: chunk }, 24)).toEqual(expected);
  expect(makeRoom.mock.results.filter(({ value }) => value !== undefined).length).toBeGreaterThan(4);
  makeRoom.mockRestore();
  // The image is computed again, over rows that were written before.
  decoder.truncate(imageAt);
  expect(decoder.length).toBe(imageAt);
  expect(await answer({ ...gpu, decoder, longestChunk: chunk }, 3)).toEqual(expected.slice(0, 3));
  // Nobody can go back that far.
  decoder.truncate(100);
  expect(decoder.length).toBe(0);
  decoder.dispose();
  cache.dispose();
  await sessions.release();
});
