/** The engine's prefill in Node, on the CPU, against the reference: text and several images in one run of the decoder. */
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChunkLength } from '#core/chat/chunk-length.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { nodeBackend } from '../../../cli/shared/runtime/node-backend.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import { loadModel, type LoadedModel } from '../../../workers/engine/model/load.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import { IMAGE_TOKEN, imageCases, maskOf, maxDifference, type Golden } from '../../reference/golden.ts';
import { exportFixture, golden, temporaryFolder } from '../../reference/node.ts';

const folder = temporaryFolder();
const never = new AbortController().signal;
let model: LoadedModel;
let reference: Golden;
const features: Ort.Tensor[] = [];

beforeAll(async () => {
  const out = join(folder.path, 'fp32');
  await exportFixture(out, 'fp32');
  reference = await golden();
  const pack = await readPackage(await FolderReader.open(out, { wanted: 'package', recursive: true }));
  model = await loadModel(pack, nodeBackend({ threads: 1 }), { contextLength: 256 }, never, () => undefined);
  const pixels = reference.tensor('pixel_values');
  const size = pixels.data.length / 2;
  for (const at of [0, size]) {
    const encoded = await model.vision?.encode(pixels.data.slice(at, at + size), 112, never, () => undefined);
    if (!encoded) throw new Error('no features');
    features.push(encoded.tensor);
  }
}, 120_000);
afterAll(async () => {
  await model.dispose();
  folder.remove();
});

const idsOf = (name: string) => reference.cases[name]?.input_ids ?? [];

function promptOf(ids: readonly number[]) {
  const images = ids.flatMap((id, start) => (id === IMAGE_TOKEN && ids[start - 1] !== IMAGE_TOKEN ? [start] : []));
  return {
    ids: [...ids],
    mask: maskOf(ids),
    images: images.map((start, index) => ({ index, start, length: 4 })),
  };
}

/** @returns lengths of the runs, and the logits behind the last token */
async function run(ids: readonly number[], longest: number, signal = never, onChunk: () => void = () => undefined) {
  const runs: number[] = [];
  let done = model.decoder.length;
  const result = await prefill({
    model: {
      ...model,
      chunkLength: new ChunkLength({ first: longest, least: longest, most: longest }),
      longestChunk: Math.max(longest, 4),
    },
    prompt: promptOf(ids),
    features: (index) => features[index] ?? expect.fail(`no image ${index}`),
    want: 'logits',
    signal,
    onChunk() {
      runs.push(model.decoder.length - done);
      done = model.decoder.length;
      onChunk();
    },
  });
  return { runs, logits: result?.logits };
}

const lastRow = (name: string) => reference.tensor(`${name}.logits`).data.slice(-model.info.vocabularySize);

describe.each(imageCases)('%s', (name) => {
  test('the whole prompt in one run', async () => {
    model.decoder.truncate(0);
    const { runs, logits } = await run(idsOf(name), 1000);
    expect(runs).toEqual([idsOf(name).length]);
    expect(maxDifference(logits ?? [], lastRow(name))).toBeLessThan(1e-3);
  });

  test.each([1, 5, 9, 16])('chunks of %i', async (longest) => {
    model.decoder.truncate(0);
    const { runs, logits } = await run(idsOf(name), longest);
    expect(Math.max(...runs)).toBeLessThanOrEqual(Math.max(longest, 4));
    expect(maxDifference(logits ?? [], lastRow(name))).toBeLessThan(1e-3);
  });

  test('the rest behind a cached prefix that ends where an image begins', async () => {
    const ids = idsOf(name);
    model.decoder.truncate(0);
    const start = promptOf(ids).images.at(-1)?.start ?? 0;
    await run(ids.slice(0, start), 1000);
    const { runs, logits } = await run(ids, 1000);
    expect(runs).toEqual([ids.length - start]);
    expect(maxDifference(logits ?? [], lastRow(name))).toBeLessThan(1e-3);
  });
});

test('Stop ends prefill after the chunk that runs; the next continues there', async () => {
  const ids = idsOf('two_images');
  model.decoder.truncate(0);
  const stop = new AbortController();
  const stopped = await run(ids, 9, stop.signal, () => stop.abort());
  expect(stopped.logits).toBeUndefined();
  expect(stopped.runs).toHaveLength(1);
  expect(model.decoder.length).toBe(stopped.runs[0]);
  const { logits } = await run(ids, 9);
  expect(maxDifference(logits ?? [], lastRow('two_images'))).toBeLessThan(1e-3);
});
