/** Runs the prompts of a self-test. Recording and testing take the same steps. */
import type { Prompt } from '#core/chat/prompt.ts';
import { testImage } from '#core/self-test/test-image.ts';
import { prefill } from '../generation/prefill.ts';
import { int64Tensor } from '../model/backend.ts';
import { textMask } from '../model/decoder.ts';
import type { LoadedModel } from '../model/load.ts';
import { readBuffer } from '../model/read-buffer.ts';
import type { ImageFeatures } from '../model/vision.ts';

export type TestedModel = Pick<
  LoadedModel,
  'backend' | 'embedding' | 'decoder' | 'vision' | 'chunkLength' | 'longestChunk' | 'package' | 'info'
>;

/** @throws the signal's reason */
export async function logitsAfter(
  model: TestedModel,
  prompt: Prompt,
  features: ImageFeatures | undefined,
  signal: AbortSignal,
): Promise<Float32Array> {
  model.decoder.truncate(0);
  const result = await prefill({
    model,
    prompt,
    features(index) {
      if (!features || index !== 0) throw new TypeError(`the self-test has no image ${index}`);
      return features.tensor;
    },
    want: 'logits',
    signal,
    onChunk: () => undefined,
  });
  signal.throwIfAborted();
  if (!result) throw new TypeError('the prefill stopped without a signal');
  return result.logits;
}

/** Gives the decoder a token. @returns the logits after it, [vocabulary] */
export function logitsOfToken({ backend, embedding, decoder }: TestedModel, id: number): Promise<Float32Array> {
  return decoder.logitsOf(id, async () =>
    decoder.run(await backend.guard(embedding.embed(int64Tensor(backend, [id], [1, 1]))), [textMask], 'logits'),
  );
}

export function textPrompt(ids: readonly number[]): Prompt {
  return { ids: [...ids], mask: ids.map(() => textMask), images: [] };
}

/** Encodes the test image. The caller disposes of the features. @throws the signal's reason */
export async function encodeTestImage(model: TestedModel, signal: AbortSignal): Promise<ImageFeatures | undefined> {
  const { vision, package: pack } = model;
  if (!vision || !pack.config.vision) return undefined;
  const { imageSize } = pack.config.vision;
  const features = await vision.encode(testImage(imageSize), imageSize, signal, () => undefined);
  signal.throwIfAborted();
  return features;
}

/** @returns float32 [tokens · hidden] */
export async function featureValues({ backend }: TestedModel, { tensor }: ImageFeatures): Promise<Float32Array> {
  const { gpu } = backend;
  if (gpu && tensor.location === 'gpu-buffer')
    return new Float32Array(await backend.guard(readBuffer(gpu, tensor.gpuBuffer)));
  const { data } = tensor;
  if (!(data instanceof Float32Array)) throw new TypeError(`image features are ${tensor.type}`);
  return data;
}
