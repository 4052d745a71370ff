/** One answer: prompt, images, prefill in chunks, tokens. */
import { commonPrefix, type ImagePrompt } from '#core/chat/chunks.ts';
import type { Prompt } from '#core/chat/prompt.ts';
import type { Preprocessor } from '#core/image/preprocessor.ts';
import type { ContentPart, GenerateEvent, GenerateRequest } from '#core/protocol/engine.ts';
import { FailureError } from '#core/protocol/failure.ts';
import type { Chat } from '../chat/chat.ts';
import { TextStream } from '../chat/stream.ts';
import { readPixelValues } from '../image/pixels.ts';
import type { LoadedModel } from '../model/load.ts';
import { decodeGreedy, decodeSampled, isGreedy, type DecodeEnd } from './decode.ts';
import { contentHash, type ImageCache } from './imageCache.ts';
import type { TurnMeter } from './meter.ts';
import { pauseBetweenTokens } from './pace.ts';
import { prefill } from './prefill.ts';
import { TextEmitter } from './textEmitter.ts';

/** What lives from turn to turn. */
export interface Conversation {
  /** What the decoder's cache holds. */
  cached: ImagePrompt;
  images: ImageCache;
}

export interface TurnInput {
  model: LoadedModel;
  chat: Chat;
  preprocessor: Preprocessor | undefined;
  conversation: Conversation;
  request: GenerateRequest;
  signal: AbortSignal;
  meter: TurnMeter;
  emit: (event: GenerateEvent) => void;
}

type ImagePart = Extract<ContentPart, { type: 'image' }>;

export const emptyPrompt: ImagePrompt = { ids: [], mask: [], images: [], hashes: [] };

/**
 * @returns why the answer ended
 * @throws FailureError; the cache then holds nothing
 */
export async function runTurn(input: TurnInput): Promise<DecodeEnd> {
  const { model, chat, conversation, request } = input;
  const { decoder } = model;
  const images = request.messages.flatMap(({ content }) => content.filter((part) => part.type === 'image'));
  if (images.length > 0 && (!model.vision || !input.preprocessor)) throw new FailureError('no-vision');
  const prompt = chat.prompt(request.messages);
  // The answer needs at least one place.
  if (prompt.ids.length >= decoder.cache.capacity)
    throw new FailureError('context-full', { needed: prompt.ids.length + 1, limit: decoder.cache.capacity });
  const hashes = await Promise.all(images.map(async ({ image }) => contentHash(await image.arrayBuffer())));
  const next: ImagePrompt = { ...prompt, hashes };

  try {
    decoder.truncate(commonPrefix(conversation.cached, next));
    const start = decoder.length;
    const encoded = await encodeImages(input, next, images, start);
    if (!encoded) return 'stopped';
    return await answer(input, next, start);
  } catch (error) {
    // A run that failed may have left the cache half written.
    decoder.truncate(0);
    conversation.cached = emptyPrompt;
    throw error;
  } finally {
    conversation.cached = { ...conversation.cached, ...prefixOf(conversation.cached, decoder.length) };
    conversation.images.trim();
  }
}

/** Features of the images that the rest of the prompt shows. False: stopped. */
async function encodeImages(
  input: TurnInput,
  prompt: ImagePrompt,
  images: readonly ImagePart[],
  from: number,
): Promise<boolean> {
  const { model, preprocessor, conversation, signal, meter, emit } = input;
  const { vision } = model;
  if (!vision || !preprocessor) return true;
  const missing = prompt.images.filter(
    ({ start, index }) => start >= from && !conversation.images.get(prompt.hashes[index] ?? ''),
  );
  for (const [done, { index }] of missing.entries()) {
    if (signal.aborted) return false;
    const part = images[index];
    const hash = prompt.hashes[index];
    if (!part || hash === undefined) throw new TypeError(`no image ${index}`);
    if (conversation.images.get(hash)) continue;
    const begin = performance.now();
    emit({ type: 'progress', phase: 'image', done, total: missing.length });
    const pixels = await readPixelValues(part.image, part.name, preprocessor);
    const features = await vision.encode(pixels, preprocessor.height, signal, (stage, stages) =>
      emit({ type: 'progress', phase: 'image', done: done + stage / stages, total: missing.length }),
    );
    meter.addImageTime(performance.now() - begin);
    if (!features) return false;
    conversation.images.set(hash, features);
  }
  return !signal.aborted;
}

async function answer(input: TurnInput, prompt: ImagePrompt, start: number): Promise<DecodeEnd> {
  const { model, chat, conversation, request, signal, meter, emit } = input;
  const { decoder, backend, embedding } = model;
  const greedy = isGreedy(request.sampling);
  meter.beginPrefill(prompt.ids.length - start, start);
  // From here on the cache holds a part of this prompt, how much says the decoder's length.
  conversation.cached = prompt;
  const prefilled = await prefill({
    model,
    prompt,
    features: (index) => featuresOf(conversation, prompt, index),
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
    endTokens: model.package.endTokens,
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
  try {
    return greedy
      ? await decodeGreedy(decode, prefilled.token)
      : await decodeSampled(decode, request.sampling, prefilled.logits, prompt.ids);
  } finally {
    const rest = stream.end();
    for (const delta of rest) text += delta.thought ? '' : delta.text;
    emitter.add(undefined, rest);
    emitter.flush();
    conversation.cached = withAnswer(prompt, ids);
    const spoken = ids.filter((id) => !model.package.endTokens.has(id));
    // The page sends back what was said, not what was thought: then the tokens differ from here on.
    if (!hasThought) chat.remember(text, spoken);
  }
}

function featuresOf(conversation: Conversation, prompt: ImagePrompt, index: number) {
  const features = conversation.images.get(prompt.hashes[index] ?? '');
  if (!features) throw new TypeError(`image ${index} has no features`);
  return features.tensor;
}

function withAnswer(prompt: ImagePrompt, ids: readonly number[]): ImagePrompt {
  return { ...prompt, ids: [...prompt.ids, ...ids], mask: [...prompt.mask, ...ids.map(() => 1)] };
}

/** The first `length` tokens of a prompt. */
function prefixOf(prompt: Prompt, length: number): Pick<Prompt, 'ids' | 'mask'> {
  return { ids: prompt.ids.slice(0, length), mask: prompt.mask.slice(0, length) };
}
