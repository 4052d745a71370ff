/** Computes the values that a package's manifest keeps for the self-test. */
import type { Prompt } from '#core/chat/prompt.ts';
import { argmax } from '#core/sampling/top-k.ts';
import { difference, sampled, spacedPlaces } from '#core/self-test/compare.ts';
import type { SelfTest } from '#core/self-test/expected.ts';
import type { Chat } from '../chat/chat.ts';
import type { ImageFeatures } from '../model/vision.ts';
import {
  encodeTestImage,
  featureValues,
  logitsAfter,
  logitsOfToken,
  textPrompt,
  type TestedModel,
} from './run-prompt.ts';

const question = 'What is a normal body temperature? 정상 체온은 몇 도입니까?';
/** About the image, so that the logits depend on it. */
const imageQuestion = '이 사진에 무엇이 보입니까?';
/** Decoded tokens: each runs the kernels of decode with one more row in the cache. */
const steps = 4;
const spacedLogits = 48;
const keptFeatures = 96;
/** Of logits and features in the manifest. */
const significantDigits = 6;

/**
 * @param model on a provider that is trusted: the CPU in float32
 * @throws FailureError; the signal's reason
 */
export async function recordSelfTest(model: TestedModel, chat: Chat, signal: AbortSignal): Promise<SelfTest> {
  const { ids: prompt } = chat.prompt([{ role: 'user', content: [{ type: 'text', text: question }] }]);
  const rows = [await logitsAfter(model, textPrompt(prompt), undefined, signal)];
  const tokens: number[] = [];
  for (;;) {
    const last = rows.at(-1);
    if (!last) throw new TypeError('the prompt gave no logits');
    tokens.push(argmax(last));
    if (tokens.length === steps) break;
    signal.throwIfAborted();
    rows.push(await logitsOfToken(model, tokens.at(-1) ?? 0));
  }
  const vocabulary = rows[0]?.length ?? 0;
  const logitIds = [...new Set([...spacedPlaces(vocabulary, spacedLogits), ...tokens])].sort((a, b) => a - b);
  const at = (row: Float32Array) => rounded(logitIds.map((id) => row[id] ?? NaN));
  const image = await recordImage(model, chat, signal);
  model.decoder.truncate(0);
  return {
    ...{ prompt, tokens, logitIds },
    logits: rows.map(at),
    ...(image && { image: imageValues(image, at) }),
  };
}

function imageValues(
  { withoutImage, logits, ...image }: NonNullable<Awaited<ReturnType<typeof recordImage>>>,
  at: (row: Float32Array) => number[],
): NonNullable<SelfTest['image']> {
  return { ...image, logits: at(logits), effect: Number(difference(at(withoutImage), at(logits)).toPrecision(3)) };
}

async function recordImage(model: TestedModel, chat: Chat, signal: AbortSignal) {
  const features = await encodeTestImage(model, signal);
  if (!features) return undefined;
  try {
    const content = [
      { type: 'image', name: 'self-test', image: new Blob() },
      { type: 'text', text: imageQuestion },
    ] as const;
    const prompt = withoutImageIds(chat.prompt([{ role: 'user', content }]));
    const logits = await logitsAfter(model, prompt, features, signal);
    const [place] = prompt.images;
    if (!place) throw new TypeError('the chat template wrote no image');
    const values = await featureValues(model, features);
    return {
      features: rounded(sampled(values, keptFeatures)),
      prompt: prompt.ids,
      start: place.start,
      logits,
      withoutImage: await logitsWithout(model, prompt, features, values.length, signal),
    };
  } finally {
    features.dispose();
  }
}

/** Logits after the same prompt where all features are 0: how much the image changes. */
async function logitsWithout(
  model: TestedModel,
  prompt: Prompt,
  { tensor }: ImageFeatures,
  length: number,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { Tensor } = model.backend.runtime.ort;
  const zeros = new Tensor('float32', new Float32Array(length), tensor.dims);
  return logitsAfter(model, prompt, { tensor: zeros, dispose: () => undefined }, signal);
}

/** The ids of image tokens are not given to the model, and may be beyond its vocabulary. */
function withoutImageIds(prompt: Prompt): Prompt {
  return { ...prompt, ids: prompt.ids.map((id, at) => (prompt.mask[at] === 1 ? id : 0)) };
}

function rounded(values: readonly number[]): number[] {
  return values.map((value) => Number(value.toPrecision(significantDigits)));
}
