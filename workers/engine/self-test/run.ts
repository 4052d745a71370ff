/** Holds an open model to the values in its manifest. A wrong kernel of a driver or of the runtime gives no error, only other numbers. */
import type { Prompt } from '#core/chat/prompt.ts';
import { argmax } from '#core/sampling/top-k.ts';
import { difference, MOST_DIFFERENCE, mostImageDifference, sampled } from '#core/self-test/compare.ts';
import type { SelfTest } from '#core/self-test/expected.ts';
import type { SelfTestPart } from '#core/protocol/engine.ts';
import { TokenReader } from '../generation/token-reader.ts';
import { textMask } from '../model/decoder.ts';
import { int64Tensor } from '../model/backend.ts';
import {
  encodeTestImage,
  featureValues,
  logitsAfter,
  logitsOfToken,
  textPrompt,
  type TestedModel,
} from './run-prompt.ts';

export interface SelfTestOutcome {
  /** The first part whose values are wrong, in the order prefill, decode, choice, image, imagePrefill, captured. */
  wrong: SelfTestPart | undefined;
  /** The largest difference of the parts that ran; see `difference`. */
  most: number;
}

/**
 * Stops at the first wrong part. The decoder's cache is empty afterwards.
 * @throws FailureError `unsupported-package` where the manifest's values are not of this model; the signal's reason
 */
export async function runSelfTest(
  model: TestedModel,
  expected: SelfTest,
  signal: AbortSignal,
): Promise<SelfTestOutcome> {
  const { decoder } = model;
  const { captured } = decoder;
  const outcome: SelfTestOutcome = { wrong: undefined, most: 0 };
  const isRight: Judge = (part, differs, limit = MOST_DIFFERENCE) => {
    outcome.most = Math.max(outcome.most, differs);
    if (!(differs <= limit)) outcome.wrong ??= part;
    return outcome.wrong === undefined;
  };
  try {
    decoder.captured = undefined;
    if (!(await isTextRight(model, expected, signal, isRight))) return outcome;
    if (model.backend.gpu && !(await isChoiceRight(model, expected, signal, isRight))) return outcome;
    if (!(await isImageRight(model, expected, signal, isRight))) return outcome;
    if (captured) {
      decoder.captured = captured;
      await isTextRight(model, expected, signal, (_, differs) => isRight('captured', differs));
    }
    return outcome;
  } finally {
    decoder.captured = captured;
    decoder.truncate(0);
  }
}

type Judge = (part: SelfTestPart, differs: number, limit?: number) => boolean;

async function isTextRight(
  model: TestedModel,
  { prompt, tokens, logitIds, logits: rows }: SelfTest,
  signal: AbortSignal,
  isRight: Judge,
): Promise<boolean> {
  for (const [step, want] of rows.entries()) {
    signal.throwIfAborted();
    const given = tokens[step - 1];
    const logits =
      given === undefined
        ? await logitsAfter(model, textPrompt(prompt), undefined, signal)
        : await logitsOfToken(model, given);
    if (!isRight(step === 0 ? 'prefill' : 'decode', difference(at(logits, logitIds), want))) return false;
  }
  return true;
}

/** The id that is chosen on the GPU must be that of the largest logit it computed. */
async function isChoiceRight(
  model: TestedModel,
  { prompt }: SelfTest,
  signal: AbortSignal,
  isRight: Judge,
): Promise<boolean> {
  const { backend, embedding, decoder } = model;
  const [last = 0] = prompt.slice(-1);
  const logits = await logitsAfter(model, textPrompt(prompt), undefined, signal);
  decoder.truncate(prompt.length - 1);
  // A cache that cannot be truncated is empty now: the choice is then made from another prompt.
  if (decoder.length !== prompt.length - 1) return true;
  const embedded = await backend.guard(embedding.embed(int64Tensor(backend, [last], [1, 1])));
  await decoder.run(embedded, [textMask], 'token');
  const reader = new TokenReader(backend, () => decoder.tokenBuffer);
  try {
    const chosen = await reader.read();
    // Another run of the same token may round otherwise: a tie may fall either way.
    const isLargest = chosen === argmax(logits) || nearly(logits[chosen] ?? -Infinity, logits[argmax(logits)] ?? NaN);
    return isRight('choice', isLargest ? 0 : Infinity);
  } finally {
    reader.dispose();
  }
}

const nearly = (value: number, largest: number): boolean => largest - value <= 0.02 * Math.abs(largest);

async function isImageRight(
  model: TestedModel,
  { image, logitIds }: SelfTest,
  signal: AbortSignal,
  isRight: Judge,
): Promise<boolean> {
  const features = image && (await encodeTestImage(model, signal));
  if (!features) return true;
  try {
    const values = await featureValues(model, features);
    if (!isRight('image', difference(sampled(values, image.features.length), image.features))) return false;
    const logits = await logitsAfter(model, imagePrompt(model, image), features, signal);
    return isRight('imagePrefill', difference(at(logits, logitIds), image.logits), mostImageDifference(image.effect));
  } finally {
    features.dispose();
  }
}

function imagePrompt({ info }: TestedModel, { prompt, start }: NonNullable<SelfTest['image']>): Prompt {
  const end = start + info.tokensPerImage;
  const mask = prompt.map((_, position) => (position >= start && position < end ? textMask + 1 : textMask));
  return { ids: prompt, mask, images: [{ index: 0, start, length: info.tokensPerImage }] };
}

function at(row: Float32Array, ids: readonly number[]): number[] {
  return ids.map((id) => row[id] ?? NaN);
}
