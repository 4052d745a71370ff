/** Traces an answer: each token with its probability and its alternatives. */
import type * as Ort from 'onnxruntime-web';
import type { Prompt } from '#core/chat/prompt.ts';
import type { ChatTokenizer } from '#core/chat/tokenizer.ts';
import type { TraceRequest, TraceUpdate, TracedToken } from '#core/protocol/adapters.ts';
import { Softmax } from '#core/sampling/probability.ts';
import { createSampler } from '#core/sampling/sampler.ts';
import { int64Tensor } from '../model/backend.ts';
import { textMask } from '../model/decoder.ts';
import type { LoadedModel } from '../model/load.ts';
import { forgetPrefix } from './prefix-cache.ts';
import type { DecodeEnd } from './decode.ts';
import type { TurnMeter } from './meter.ts';
import { prefill, type PrefillInput } from './prefill.ts';
import { encodeImages, featuresOf, readQuestion, type QuestionInput } from './question.ts';
import { displayText } from './token-text.ts';

export interface TraceInput extends QuestionInput {
  request: TraceRequest;
  emit: (update: TraceUpdate) => void;
}

export interface TracedAnswer {
  reason: DecodeEnd;
  ids: readonly number[];
}

/**
 * Computes the whole prompt without the cached prefix, and leaves the cache empty; the prefix's images stay.
 * @throws FailureError
 */
export async function runTrace(input: TraceInput): Promise<TracedAnswer> {
  const { model, chat, prefix, request, signal, meter, emit } = input;
  const question = await readQuestion(input, request.messages);
  const { prompt } = question;
  forgetPrefix(model.decoder, prefix);
  try {
    if (!(await encodeImages(input, question, 0))) return { reason: 'stopped', ids: [] };
    const features = (index: number) => featuresOf(prefix, prompt, index);
    return await traceAnswer({ model, tokenizer: chat.tokenizer, prompt, features, request, signal, meter, emit });
  } finally {
    forgetPrefix(model.decoder, prefix);
    prefix.images.trim();
  }
}

export interface TraceAnswerInput {
  model: PrefillInput['model'] & Pick<LoadedModel, 'package'>;
  tokenizer: Pick<ChatTokenizer, 'decode' | 'tokenOf' | 'isSpecial'>;
  prompt: Prompt;
  /** Features of the prompt's image `index`, float32 [1, tokens, hidden]. */
  features(index: number): Ort.Tensor;
  request: Omit<TraceRequest, 'messages' | 'strengths'>;
  signal: AbortSignal;
  meter: TurnMeter;
  emit: (update: TraceUpdate) => void;
}

/** Starts after the tokens that the decoder's cache holds; they must be a prefix of the prompt. */
export async function traceAnswer(input: TraceAnswerInput): Promise<TracedAnswer> {
  const { model, prompt, request, signal, meter, emit } = input;
  const { backend, embedding, decoder } = model;
  const { forced } = request;
  const limit = forced?.length ?? request.maxNewTokens;
  const sampler = createSampler(request.sampling);
  const present = new Set(prompt.ids);
  const ids: number[] = [];
  meter.beginPrefill(prompt.ids.length - decoder.length, decoder.length);
  const prefilled = await prefill({
    model,
    prompt,
    features: (index) => input.features(index),
    want: 'logits',
    signal,
    onChunk(done, total) {
      meter.chunkDone();
      emit({ type: 'progress', phase: 'prefill', done, total });
    },
  });
  if (!prefilled) return { reason: 'stopped', ids };
  if (forced?.length === 0) return { reason: 'length', ids };
  let { logits } = prefilled;
  for (;;) {
    // The sampler applies the repetition penalty in place, so it gets a copy: reported probabilities are without penalty.
    const own = request.sampling.repetitionPenalty === 1 ? logits : logits.slice();
    const id = forced?.[ids.length] ?? sampler.sample(own, present);
    present.add(id);
    ids.push(id);
    meter.token();
    emit({ type: 'token', token: traced(input, id, logits) });
    // In a given answer, an end token before the last token does not end it.
    const isLast = ids.length >= limit;
    if (model.package.endTokens.has(id) && (!forced || isLast)) return { reason: 'end', ids };
    if (isLast) return { reason: 'length', ids };
    if (decoder.length >= decoder.cache.capacity) return { reason: 'context-full', ids };
    // Without a GPU the runtime computes on this thread: let messages in, or Stop would wait for the end.
    if (!backend.gpu) await new Promise((resolve) => setTimeout(resolve));
    if (signal.aborted) return { reason: 'stopped', ids };
    const embedded = await backend.guard(embedding.embed(int64Tensor(backend, [id], [1, 1])));
    logits = await decoder.run(embedded, [textMask], 'logits');
  }
}

function traced({ tokenizer, request }: TraceAnswerInput, id: number, logits: Float32Array): TracedToken {
  const softmax = new Softmax(logits);
  const text = (token: number) => displayText(tokenizer, token);
  return {
    id,
    text: text(id),
    probability: softmax.of(id),
    alternatives: softmax.mostProbable(request.alternatives, id).map((other) => ({ ...other, text: text(other.id) })),
    logits: request.logits ? logits.slice() : undefined,
  };
}
