/** The engine in Chromium against the reference implementation: the fp32 export on WebGPU and on the CPU provider. */
import type * as Ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChunkLength } from '#core/chat/chunk-length.ts';
import {
  caseNames,
  imageCases,
  IMAGE_TOKEN as imageToken,
  maskOf,
  maxDifference,
  type Golden,
} from '../../reference/golden.ts';
import { decodeGreedy } from '../../../workers/engine/generation/decode.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import type { LoadedModel } from '../../../workers/engine/model/load.ts';
import { full } from '../provided.ts';
import { floatsOf, golden, load } from './model.ts';

const tolerance = 1e-3;
const never = new AbortController().signal;

function promptOf(ids: readonly number[], mask: readonly number[] = maskOf(ids)) {
  const images: { index: number; start: number; length: number }[] = [];
  ids.forEach((id, start) => {
    if (id === imageToken && ids[start - 1] !== imageToken) images.push({ index: images.length, start, length: 4 });
  });
  return { ids: [...ids], mask: [...mask], images };
}

describe.each(['webgpu', 'wasm'] as const)('%s', (provider) => {
  let reference: Golden;
  let model: LoadedModel;
  const features: Ort.Tensor[] = [];

  beforeAll(async () => {
    reference = await golden();
    model = await load('fp32', provider);
    expect(model.info.runtime.provider).toBe(provider);
    const pixels = reference.tensor('pixel_values');
    for (let image = 0; image < 2; image++) {
      const size = pixels.data.length / 2;
      const encoded = await model.vision?.encode(
        pixels.data.slice(image * size, (image + 1) * size),
        112,
        never,
        () => undefined,
      );
      if (!encoded) throw new Error('no features');
      features.push(encoded.tensor);
    }
  }, 180_000);
  afterAll(() => model.dispose());

  const featureOf = (index: number) => {
    const tensor = features[index];
    if (!tensor) throw new Error(`no features of image ${index}`);
    return tensor;
  };
  const start = (ids: readonly number[], want: 'token' | 'logits', chunk: number, mask?: readonly number[]) => {
    const prompt = promptOf(ids, mask);
    const chunkLength = new ChunkLength({ first: chunk, least: chunk, most: chunk });
    const longestChunk = Math.max(chunk, 4);
    return prefill({
      model: { ...model, chunkLength, longestChunk },
      prompt,
      features: featureOf,
      want,
      signal: never,
      onChunk() {},
    });
  };
  const greedy = async (token: number, limit: number) => {
    const ids: number[] = [];
    const { backend, embedding, decoder } = model;
    const endTokens = new Set<number>();
    await decodeGreedy(
      { backend, embedding, decoder, endTokens, limit, signal: never, onToken: (id) => ids.push(id) },
      token,
    );
    return ids;
  };

  test('image features through the stages of the encoder', async () => {
    const expected = reference.tensor('image_features');
    for (const [index, tensor] of features.entries()) {
      const size = expected.data.length / 2;
      expect(
        maxDifference(await floatsOf(model.backend, tensor), expected.data.slice(index * size, (index + 1) * size)),
      ).toBeLessThan(tolerance);
    }
  });

  /** A software GPU is slow: it is asked what the others do not show, and everything in `npm run test:full`. */
  const everything = test.runIf(full || provider === 'wasm');

  describe.each(caseNames)('%s', (name) => {
    everything('every logit: after each token, one token at a time', async () => {
      const ids = reference.cases[name]?.input_ids ?? [];
      const expected = reference.tensor(`${name}.logits`);
      const vocabulary = expected.shape.at(-1) ?? 0;
      const { images } = promptOf(ids);
      const insideImage = (position: number) =>
        images.some(({ start, length }) => position >= start && position < start + length - 1);
      model.decoder.truncate(0);
      for (let end = 1; end <= ids.length; end++) {
        if (insideImage(end - 1)) continue;
        // Continues in the cache where the last round ended.
        const result = await start(ids.slice(0, end), 'logits', 1);
        const row = expected.data.subarray((end - 1) * vocabulary, end * vocabulary);
        expect(maxDifference(result?.logits ?? [], row)).toBeLessThan(tolerance);
      }
    });

    everything.each([7, 16, 1000])(
      'prefill in chunks of %i: logits, and greedy continuation of 24 tokens',
      async (chunk) => {
        const ids = reference.cases[name]?.input_ids ?? [];
        const expected = reference.tensor(`${name}.logits`).data.slice(-model.info.vocabularySize);
        model.decoder.truncate(0);
        const { logits } = (await start(ids, 'logits', chunk)) ?? {};
        expect(maxDifference(logits ?? [], expected)).toBeLessThan(tolerance);
        model.decoder.truncate(0);
        const result = await start(ids, 'token', chunk);
        expect(await greedy(result?.token ?? NaN, 24)).toEqual(reference.cases[name]?.greedy_24);
      },
    );

    // Chunks of 7 cross the window and the images; what was prefilled is in the cache that is decoded on.
    test('prefill in chunks of 7: logits, and the greedy tokens after them', async () => {
      const ids = reference.cases[name]?.input_ids ?? [];
      const expected = reference.tensor(`${name}.logits`).data.slice(-model.info.vocabularySize);
      model.decoder.truncate(0);
      const { logits } = (await start(ids, 'logits', 7)) ?? {};
      expect(maxDifference(logits ?? [], expected)).toBeLessThan(tolerance);
      // The last token is computed again, in the cache that the others left.
      model.decoder.truncate(ids.length - 1);
      const result = await start(ids, 'token', 7);
      expect(await greedy(result?.token ?? NaN, 3)).toEqual(reference.cases[name]?.greedy_24.slice(0, 3));
    });
  });

  everything.each(imageCases)('%s: causal image tokens would be caught', async (name) => {
    model.decoder.truncate(0);
    const ids = reference.cases[name]?.input_ids ?? [];
    const causal = await start(
      ids,
      'logits',
      1000,
      ids.map(() => 1),
    );
    const right = reference.tensor(`${name}.logits`);
    const row = right.data.slice(-(right.shape.at(-1) ?? 0));
    // The last position is far from the image, and still fifty times beyond the tolerance.
    expect(maxDifference(causal?.logits ?? [], row)).toBeGreaterThan(50 * tolerance);
  });

  test('a cache carried over two turns gives what the whole conversation gives', async () => {
    const first = reference.cases['one_image']?.input_ids ?? [];
    const second = reference.cases['text_beyond_window']?.input_ids ?? [];
    model.decoder.truncate(0);
    const turn = await greedy((await start(first, 'token', 1000))?.token ?? NaN, full ? 24 : 4);
    // The last token of an answer is not in the cache yet: the next turn begins with it.
    expect(model.decoder.length).toBe(first.length + turn.length - 1);
    const all = [...first, ...turn, ...second];
    const continued = await start(all, 'logits', 7);
    model.decoder.truncate(0);
    const whole = await start(all, 'logits', 1000);
    expect(maxDifference(continued?.logits ?? [], whole?.logits ?? [])).toBeLessThan(tolerance);
  });
});
