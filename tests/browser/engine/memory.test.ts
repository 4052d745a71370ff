/**
 * GPU memory is given back, to the byte and to the buffer: conversations with images, adapters on and off, models opened, stopped,
 * and closed. A few rounds; fifty in `npm run test:full`.
 */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { OpenOptions } from '#core/protocol/engine.ts';
import { maskOf, maxDifference, type Golden } from '../../reference/golden.ts';
import { decodeGreedy } from '../../../workers/engine/generation/decode.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import type { Backend } from '../../../workers/engine/model/backend.ts';
import { loadModel, type LoadedModel } from '../../../workers/engine/model/load.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import { jsHeap } from '../../../workers/engine/runtime/memory.ts';
import { openPackage } from '../../../workers/store/package.ts';
import { full } from '../provided.ts';
import { fixtureAdapter } from './lora-files.ts';
import { backendOf, floatsOf, golden, packageFiles } from './model.ts';

vi.setConfig({ testTimeout: full ? 1_800_000 : 300_000, hookTimeout: 300_000 });
const conversations = full ? 50 : 2;
const never = new AbortController().signal;
let backend: Backend & { gpu: NonNullable<Backend['gpu']> };
let reference: Golden;

beforeAll(async () => {
  reference = await golden();
  const { gpu, ...rest } = await backendOf('webgpu');
  if (!gpu) throw new Error('no GPU');
  backend = { ...rest, gpu };
});

async function open(
  name: string,
  options: Partial<OpenOptions> = {},
  signal = never,
  onBytes: (done: number) => void = () => {},
) {
  const pack = await readPackage(await openPackage(await packageFiles(name)));
  return loadModel(pack, backend, { contextLength: 64, ...options }, signal, ({ phase, doneBytes }) => {
    if (phase === 'weights') onBytes(doneBytes);
  });
}

/** What is live on the device when it has nothing to do. */
async function used() {
  await backend.gpu.device.queue.onSubmittedWorkDone();
  const { weights, vision, lora, kv, images, scratch } = backend.gpu.ledger.gpu();
  return {
    ...{ weights: weights.bytes, vision: vision.bytes, lora: lora.bytes },
    ...{ kv: kv.bytes, images: images.bytes, scratch: scratch.bytes },
    buffers: backend.gpu.ledger.buffers,
  };
}

const visionOf = async () => (await used()).vision;

function encode(model: LoadedModel, image: number) {
  const { data } = reference.tensor('pixel_values');
  const size = data.length / 2;
  return model.vision?.encode(data.slice((image % 2) * size, ((image % 2) + 1) * size), 112, never, () => undefined);
}

/** A question about an image, and two tokens of the answer. */
async function converse(model: LoadedModel, round: number): Promise<number[]> {
  const features = model.vision && (await encode(model, round));
  const ids = reference.cases[features ? 'one_image' : 'text_short']?.input_ids ?? [];
  const start = maskOf(ids).findIndex((value) => value > 1);
  const images = features ? [{ index: 0, start, length: 4 }] : [];
  model.decoder.truncate(0);
  const result = await prefill({
    model,
    prompt: { ids: [...ids], mask: maskOf(ids), images },
    features: () => features?.tensor ?? expect.fail('there is no image'),
    want: 'token',
    signal: never,
    onChunk() {},
  });
  const answer: number[] = [];
  const { embedding, decoder } = model;
  const onToken = (id: number) => answer.push(id);
  const rest = { backend, embedding, decoder, endTokens: new Set<number>(), limit: 2, signal: never, onToken };
  await decodeGreedy(rest, result?.token ?? NaN);
  features?.dispose();
  return answer;
}

/** [vocabulary], after a text. */
async function logitsOf(model: LoadedModel): Promise<Float32Array> {
  const ids = reference.cases['text_short']?.input_ids ?? [];
  model.decoder.truncate(0);
  const result = await prefill({
    model,
    prompt: { ids: [...ids], mask: maskOf(ids), images: [] },
    features: () => expect.fail('there is no image'),
    want: 'logits',
    signal: never,
    onChunk() {},
  });
  return result?.logits ?? expect.fail('stopped');
}

test('conversations, adapters on and off, another model: all of it is given back', async () => {
  const adapter = await fixtureAdapter();
  const before = await used();
  // With images in the long run only: on a software adapter an image takes seconds.
  const model = await open(full ? 'chat' : 'text-only');
  const round = async (index: number) => {
    const plain = await converse(model, index);
    const logits = await logitsOf(model);
    await model.adapters.set([adapter], [1], never, () => undefined);
    expect(maxDifference(await logitsOf(model), logits)).toBeGreaterThan(0.01);
    await converse(model, index);
    await model.adapters.set([], [], never, () => undefined);
    return plain;
  };
  // The first compiles shaders and makes the runtime's scratch buffers.
  const answer = await round(0);
  const first = await used();
  const heaps = { js: jsHeap()?.bytes ?? 0, wasm: backend.runtime.wasmBytes() ?? NaN };
  for (let index = 1; index < conversations; index++) {
    const again = await round(index);
    if (index % 2 === 0) expect(again).toEqual(answer);
  }
  // Constants of up to 64 bytes stay with a replaced session, and on the device until the model is closed.
  const { weights, buffers, ...rest } = await used();
  const replaced = 2 * (conversations - 1);
  const { vision, lora, kv, images, scratch } = first;
  expect(rest).toEqual({ vision, lora, kv, images, scratch });
  expect(weights - first.weights).toBeLessThanOrEqual(replaced * 1024);
  expect(buffers - first.buffers).toBeLessThanOrEqual(replaced * 16);
  expect(backend.runtime.wasmBytes()).toBeLessThanOrEqual(heaps.wasm);
  // The page collects its garbage when it wants to: fifty rounds may not add up to more than a few.
  if (full) expect(jsHeap()?.bytes ?? 0).toBeLessThan(heaps.js + 50e6);
  await model.dispose();
  expect(await used()).toEqual(before);

  const other = await open('text-only');
  await converse(other, 0);
  await other.dispose();
  expect(await used()).toEqual(before);
});

describe('weights of the vision encoder that come with each image', () => {
  test('the same features; on the GPU only while they are needed', async () => {
    const kept = await open('chat');
    const expected = await encode(kept, 0);
    if (!expected) throw new Error('no features');
    const values = Float32Array.from(await floatsOf(backend, expected.tensor));
    const all = await visionOf();
    expected.dispose();
    await kept.dispose();

    const model = await open('chat', { keepVisionOnGpu: false });
    const without = await visionOf();
    expect(without).toBeLessThan(all - 100_000);
    for (let image = 0; image < 2; image++) {
      const features = await encode(model, 0);
      if (!features) throw new Error('no features');
      expect(maxDifference(await floatsOf(backend, features.tensor), values)).toBe(0);
      features.dispose();
      expect(await visionOf()).toBe(without);
    }
    await model.dispose();
  });

  test('Stop between two stages frees them', async () => {
    const model = await open('chat', { keepVisionOnGpu: false });
    const before = await used();
    const stop = new AbortController();
    const { data } = reference.tensor('pixel_values');
    const pixels = data.slice(0, data.length / 2);
    const features = await model.vision?.encode(pixels, 112, stop.signal, () => stop.abort());
    expect(features).toBeUndefined();
    // The runtime keeps scratch buffers that the first stage made.
    expect(await visionOf()).toBe(before.vision);
    await model.dispose();
  });
});

describe('a load that does not end', () => {
  test('Stop while weights are uploaded: nothing is left', async () => {
    const before = await used();
    const stop = new AbortController();
    let stopped = 0;
    await expect(
      open('chat', {}, stop.signal, (done) => {
        stopped = done;
        stop.abort();
      }),
    ).rejects.toThrow(/abort/i);
    expect(stopped).toBeGreaterThan(0);
    expect(await used()).toEqual(before);
  });

  test('no room for the weights: out-of-memory by name, before any byte is read', async () => {
    const before = await used();
    const { device } = backend.gpu;
    const scope = vi.spyOn(device, 'popErrorScope').mockImplementationOnce(() => {
      scope.mockRestore();
      return device.popErrorScope().then(() => new GPUOutOfMemoryError('no room'));
    });
    let read = 0;
    const failing = open('chat', {}, never, (done) => (read = done));
    await expect(failing).rejects.toMatchObject({ code: 'out-of-memory', detail: { reason: 'no room' } });
    expect(read).toBe(0);
    expect(await used()).toEqual(before);
  });
});
