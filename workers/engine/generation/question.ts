/** Converts messages to the decoder's input: a prompt and the features of its images. */
import type { ImagePrompt } from '#core/chat/chunks.ts';
import type { Preprocessor } from '#core/image/preprocessor.ts';
import type { DecodeImage } from '../../image/decode.ts';
import type { ChatMessage, ContentPart } from '#core/chat/message.ts';
import { FailureError } from '#core/failure.ts';
import type { Chat } from '../chat/chat.ts';
import { readPixelValues } from '../image/pixels.ts';
import type { LoadedModel } from '../model/load.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { contentHash } from './image-cache.ts';
import type { TurnMeter } from './meter.ts';

type ImagePart = Extract<ContentPart, { type: 'image' }>;

export interface QuestionInput {
  model: LoadedModel;
  chat: Chat;
  preprocessor: Preprocessor | undefined;
  decodeImage: DecodeImage;
  prefix: PrefixCache;
  signal: AbortSignal;
  meter: TurnMeter;
  emit: (event: { type: 'progress'; phase: 'image'; done: number; total: number }) => void;
}

export interface Question {
  prompt: ImagePrompt;
  images: readonly ImagePart[];
}

/** @throws FailureError `no-vision`, `context-full` */
export async function readQuestion(
  { model, chat, preprocessor }: Pick<QuestionInput, 'model' | 'chat' | 'preprocessor'>,
  messages: readonly ChatMessage[],
): Promise<Question> {
  const images = messages.flatMap(({ content }) => content.filter((part) => part.type === 'image'));
  if (images.length > 0 && (!model.vision || !preprocessor)) throw new FailureError('no-vision');
  const prompt = chat.prompt(messages);
  refuseUnknownIds(prompt, model.package.config.text.vocabularySize);
  const { capacity } = model.decoder.cache;
  // The answer needs at least one position.
  if (prompt.ids.length >= capacity) {
    const question = chat.prompt(lastQuestion(messages));
    const perImage = question.images[0]?.length;
    throw new FailureError('context-full', {
      needed: prompt.ids.length + 1,
      limit: capacity,
      alone: question.ids.length + 1,
      ...(perImage !== undefined && { perImage }),
    });
  }
  const hashes = await Promise.all(images.map(async ({ image }) => contentHash(await image.arrayBuffer())));
  return { prompt: { ...prompt, hashes }, images };
}

/**
 * A kernel on the GPU reads some other row for an id beyond the table, and nobody notices.
 * @throws FailureError `unsupported-package`
 */
function refuseUnknownIds({ ids }: Pick<ImagePrompt, 'ids'>, vocabularySize: number): void {
  const beyond = ids.find((id) => id >= vocabularySize);
  if (beyond === undefined) return;
  const reason = `gives the question the id ${beyond}, and the vocabulary has ${vocabularySize} rows (vocab_size of config.json): they are not of one model`;
  throw new FailureError('unsupported-package', { file: 'tokenizer.json', reason });
}

/** What remains when all earlier turns are dropped. */
function lastQuestion(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.filter(({ role }, at) => role === 'system' || at === messages.length - 1);
}

/** Encodes the images that the prompt contains from position `from` on. @returns false when stopped */
export async function encodeImages(input: QuestionInput, { prompt, images }: Question, from: number): Promise<boolean> {
  const { model, preprocessor, decodeImage, prefix, signal, meter, emit } = input;
  const { vision } = model;
  if (!vision || !preprocessor) return true;
  const missing = prompt.images.filter(
    ({ start, index }) => start >= from && !prefix.images.get(prompt.hashes[index] ?? ''),
  );
  for (const [done, { index }] of missing.entries()) {
    if (signal.aborted) return false;
    const part = images[index];
    const hash = prompt.hashes[index];
    if (!part || hash === undefined) throw new TypeError(`no image ${index}`);
    if (prefix.images.get(hash)) continue;
    const begin = performance.now();
    emit({ type: 'progress', phase: 'image', done, total: missing.length });
    const pixels = await readPixelValues(part.image, part.name, preprocessor, decodeImage);
    const features = await vision.encode(pixels, preprocessor.height, signal, (stage, stages) =>
      emit({ type: 'progress', phase: 'image', done: done + stage / stages, total: missing.length }),
    );
    meter.addImageTime(performance.now() - begin);
    if (!features) return false;
    prefix.images.set(hash, features);
  }
  return !signal.aborted;
}

export function featuresOf(prefix: PrefixCache, prompt: ImagePrompt, index: number) {
  const features = prefix.images.get(prompt.hashes[index] ?? '');
  if (!features) throw new TypeError(`image ${index} has no features`);
  return features.tensor;
}
