/** One answer: prompt, images, prefill in chunks, tokens. */
import { commonPrefix, type ImagePrompt } from '#core/chat/chunks.ts';
import type { GenerateRequest, GenerateUpdate } from '#core/protocol/engine.ts';
import { samplingKernels } from '../sampling/device-sampler.ts';
import { TextStream } from '../chat/stream.ts';
import { forgetPrefix, prefixOf, withAnswer } from './prefix-cache.ts';
import { decodeGreedy, isGreedy, type DecodeEnd } from './decode.ts';
import { decodeSampled } from './decode-sampled.ts';
import { pauseBetweenTokens } from './pace.ts';
import { decodeWithLookup } from './prompt-lookup.ts';
import { prefill } from './prefill.ts';
import { encodeImages, featuresOf, readQuestion, type QuestionInput } from './question.ts';
import { TextEmitter } from './text-emitter.ts';

export interface TurnInput extends QuestionInput {
  request: GenerateRequest;
  emit: (update: GenerateUpdate) => void;
}

/**
 * @returns why the answer ended
 * @throws FailureError; the cache is then empty
 */
export async function runTurn(input: TurnInput): Promise<DecodeEnd> {
  const { model, prefix, request } = input;
  const { decoder } = model;
  const question = await readQuestion(input, request.messages);
  if (prefix.isStale) forgetPrefix(decoder, prefix);
  try {
    decoder.truncate(commonPrefix(prefix.cached, question.prompt));
    const start = decoder.length;
    const encoded = await encodeImages(input, question, start);
    if (!encoded) return 'stopped';
    return await answer(input, question.prompt, start);
  } catch (error) {
    // A run that failed may have left the cache half written.
    forgetPrefix(decoder, prefix);
    throw error;
  } finally {
    prefix.cached = { ...prefix.cached, ...prefixOf(prefix.cached, decoder.length) };
    prefix.images.trim();
  }
}

async function answer(input: TurnInput, prompt: ImagePrompt, start: number): Promise<DecodeEnd> {
  const { model, chat, prefix, request, signal, meter, emit } = input;
  const { decoder, backend, embedding } = model;
  const greedy = isGreedy(request.sampling);
  // Compiled during the prefill.
  if (!greedy && backend.gpu) void samplingKernels(backend.gpu.device);
  meter.beginPrefill(prompt.ids.length - start, start);
  // From here on the cache holds the first `decoder.length` tokens of this prompt.
  prefix.cached = prompt;
  const prefilled = await prefill({
    model,
    prompt,
    features: (index) => featuresOf(prefix, prompt, index),
    want: greedy ? 'token' : 'logits',
    signal,
    onChunk(done, total) {
      meter.chunkDone();
      emit({ type: 'progress', phase: 'prefill', done, total });
    },
  });
  if (!prefilled) return 'stopped';

  const emitter = new TextEmitter(emit);
  const stream = new TextStream(chat.tokenizer);
  const ids: number[] = [];
  let text = '';
  let hasThought = false;
  const decode = {
    backend,
    embedding,
    decoder,
    endTokens: request.ignoresEndTokens ? new Set<number>() : model.package.endTokens,
    limit: request.maxNewTokens,
    signal,
    pause: pauseBetweenTokens(request.tokensPerSecond, signal),
    onToken(id: number) {
      meter.token();
      ids.push(id);
      const deltas = stream.push(id);
      for (const delta of deltas) {
        text += delta.thought ? '' : delta.text;
        hasThought ||= delta.thought;
      }
      emitter.add(id, deltas);
    },
  };
  const mode = request.promptLookup ?? 'off';
  const looksUp = mode !== 'off' && decoder.canVerify && !decode.pause;
  try {
    if (greedy && looksUp) {
      const counts = { runs: 0, drafted: 0, accepted: 0 };
      meter.useLookup(counts);
      const lookup = { mode, prompt, times: prefix.runTimes, vocabularySize: model.info.vocabularySize, counts };
      return await decodeWithLookup(decode, prefilled.token, lookup);
    }
    return greedy
      ? await decodeGreedy(decode, prefilled.token)
      : await decodeSampled(decode, request.sampling, prefilled.logits, prompt.ids, meter.sampling);
  } finally {
    const rest = stream.end();
    for (const delta of rest) text += delta.thought ? '' : delta.text;
    emitter.add(undefined, rest);
    emitter.flush();
    prefix.cached = withAnswer(prompt, ids);
    const spoken = ids.filter((id) => !model.package.endTokens.has(id));
    // The page sends answers back without their thoughts, so the ids of an answer with a thought would not match.
    if (!hasThought) chat.remember(text, spoken);
  }
}
