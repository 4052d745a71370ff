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
    const rows = await testText(model, expected, signal, isRight);
    if (!rows) return outcome;
    if (model.backend.gpu && !(await isChoiceRight(model, expected, signal, isRight))) return outcome;
    if (!(await isImageRight(model, expected, signal, isRight))) return outcome;
    decoder.captured = captured;
    if (captured) await testCaptured(model, expected, rows, signal, isRight);
    return outcome;
  } finally {
    decoder.captured = captured;
    decoder.truncate(0);
  }
}

type Judge = (part: SelfTestPart, differs: number, limit?: number) => boolean;

/** @returns the whole rows of logits; undefined where one is wrong */
async function testText(
  model: TestedModel,
  { prompt, tokens, logitIds, logits: wanted }: SelfTest,
  signal: AbortSignal,
  isRight: Judge,
): Promise<Float32Array[] | undefined> {
  const rows: Float32Array[] = [];
  for (const [step, want] of wanted.entries()) {
    signal.throwIfAborted();
    const given = tokens[step - 1];
    const row =
      given === undefined
        ? await logitsAfter(model, textPrompt(prompt), undefined, signal)
        : await logitsOfToken(model, given);
    if (!isRight(step === 0 ? 'prefill' : 'decode', difference(at(row, logitIds), want))) return undefined;
    rows.push(row);
  }
  return rows;
}

/** The choices of the captured step, which may have no logits to read, are held to what the plain session computed. */
async function testCaptured(
  model: TestedModel,
  { prompt, tokens }: SelfTest,
  rows: readonly Float32Array[],
  signal: AbortSignal,
  isRight: Judge,
): Promise<void> {
  const { backend, decoder } = model;
  await logitsAfter(model, textPrompt(prompt), undefined, signal);
  const reader = new TokenReader(backend, () => decoder.tokenBuffer);
  try {
    for (const [step, given] of tokens.slice(0, -1).entries()) {
      signal.throwIfAborted();
      // Beyond the sliding window decode is not captured.
      if (!(await decoder.runCaptured(given))) return;
      const row = rows[step + 1];
      if (row && !isRight('captured', isChoiceOf(row, await reader.read()) ? 0 : Infinity)) return;
    }
  } finally {
    reader.dispose();
  }
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
    return isRight('choice', isChoiceOf(logits, await reader.read()) ? 0 : Infinity);
  } finally {
    reader.dispose();
  }
}

/** True for the largest logit, and for those that are nearly as large: another run of the same token may round otherwise. */
function isChoiceOf(logits: Float32Array, chosen: number): boolean {
  const largest = logits[argmax(logits)] ?? NaN;
  return largest - (logits[chosen] ?? -Infinity) <= 0.02 * Math.abs(largest);
}

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
