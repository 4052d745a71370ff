/** Questions with their wished answers → rows of token ids. */
import type { ChatMessage } from '#core/chat/message.ts';
import { FailureError } from '#core/failure.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import type { Chat } from '../chat/chat.ts';
import { answerText } from '../generation/token-text.ts';

const END_OF_TURN = '<end_of_turn>';

/** An answer that the model cannot be taught as it stands. */
export class UnwritableAnswerError extends Error {
  constructor(
    readonly answer: string,
    /** What the tokenizer makes of it. */
    readonly written: string,
  ) {
    super(`the tokenizer of the package writes "${written}" for the answer "${answer}"`);
    this.name = 'UnwritableAnswerError';
  }
}

/** A question in the chat's template, up to where the answer begins. */
export interface EncodedQuestion extends Pick<TrainingRow, 'ids' | 'mask'> {
  /** First token of each image. */
  imageStarts: readonly number[];
}

/** A row whose image is not computed yet. */
export type EncodedRow = EncodedQuestion & Pick<TrainingRow, 'answers'>;

/** @throws FailureError `unsupported-package` */
export function encodeQuestion(chat: Chat, question: string, hasImage: boolean): EncodedQuestion {
  const text = { type: 'text', text: question } as const;
  // The blob is never read: features are computed apart.
  const image = { type: 'image', name: '', image: new Blob() } as const;
  const message: ChatMessage = { role: 'user', content: hasImage ? [image, text] : [text] };
  const { ids, mask, images } = chat.prompt([message]);
  return { ids, mask, imageStarts: images.map(({ start }) => start) };
}

/**
 * A question, and behind it the answer with its end token, which are what is trained.
 * @throws UnwritableAnswerError, FailureError `unsupported-package`
 */
export function encodeRow(
  chat: Chat,
  { question, answer }: { question: string; answer: string },
  hasImage: boolean,
): EncodedRow {
  const prompt = encodeQuestion(chat, question, hasImage);
  const end = chat.tokenizer.idOf(END_OF_TURN);
  if (end === undefined)
    throw new FailureError('unsupported-package', { file: 'tokenizer.json', reason: `no token ${END_OF_TURN}` });
  const answerIds = chat.tokenizer.encode(answer, { special: false });
  const written = answerText(chat.tokenizer, answerIds);
  if (plain(written) !== plain(answer)) throw new UnwritableAnswerError(answer, written);
  const expected = [...answerIds, end];
  return {
    // The last token is only expected, never read.
    ids: [...prompt.ids, ...answerIds],
    mask: [...prompt.mask, ...answerIds.map(() => 1)],
    imageStarts: prompt.imageStarts,
    answers: expected.map((id, at) => ({ position: prompt.ids.length - 1 + at, id })),
  };
}

/** @param features of the image before the question, float32 [tokens, hidden]; undefined: no image */
export function imagesOf({ imageStarts }: EncodedQuestion, features: Float32Array | undefined): TrainingRow['images'] {
  return features ? imageStarts.map((start) => ({ start, features })) : [];
}

/** Tokenizers differ in blanks around a text. */
const plain = (text: string) => text.trim().replace(/\s+/gu, ' ').normalize('NFC');
