/** Questions with their wished answers → rows of token ids with the features of their images. */
import type { ChatMessage } from '#core/chat/message.ts';
import { FailureError } from '#core/failure.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import type { Chat } from '../chat/chat.ts';
import { TextStream } from '../chat/stream.ts';
import type { Backend } from '../model/backend.ts';
import type { ModelPackage } from '../model/package.ts';
import { openGraph, type RunnableGraph } from './graph-session.ts';

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

/**
 * A question in the chat's template, and behind it the answer with its end token, which are what is trained.
 * @param features of the image before the question, float32 [tokens, hidden]; undefined: no image
 * @throws UnwritableAnswerError, FailureError `unsupported-package`
 */
export function encodeRow(
  chat: Chat,
  { question, answer }: { question: string; answer: string },
  features: Float32Array | undefined,
): TrainingRow {
  const text = { type: 'text', text: question } as const;
  // The blob is never read: the features are computed already.
  const image = { type: 'image', name: '', image: new Blob() } as const;
  const message: ChatMessage = { role: 'user', content: features ? [image, text] : [text] };
  const prompt = chat.prompt([message]);
  const end = chat.tokenizer.idOf(END_OF_TURN);
  if (end === undefined)
    throw new FailureError('unsupported-package', { file: 'tokenizer.json', reason: `no token ${END_OF_TURN}` });
  const answerIds = chat.tokenizer.encode(answer, { special: false });
  const written = textOf(chat, answerIds);
  if (plain(written) !== plain(answer)) throw new UnwritableAnswerError(answer, written);
  const expected = [...answerIds, end];
  return {
    // The last token is only expected, never read.
    ids: [...prompt.ids, ...answerIds],
    mask: [...prompt.mask, ...answerIds.map(() => 1)],
    images: features ? prompt.images.map(({ start }) => ({ start, features })) : [],
    answers: expected.map((id, at) => ({ position: prompt.ids.length - 1 + at, id })),
  };
}

/** The text that the page shows of these tokens. */
function textOf({ tokenizer }: Chat, ids: readonly number[]): string {
  const stream = new TextStream(tokenizer);
  return [...ids.flatMap((id) => stream.push(id)), ...stream.end()].map(({ text }) => text).join('');
}

/** Tokenizers differ in blanks around a text. */
const plain = (text: string) => text.trim().replace(/\s+/gu, ' ').normalize('NFC');

/** Computes the features of images, in one session. */
export class ImageFeatures {
  readonly #graph: RunnableGraph;

  private constructor(graph: RunnableGraph) {
    this.#graph = graph;
  }

  /** @throws FailureError `no-vision`, and those of `openGraph` */
  static async open(backend: Backend, pack: ModelPackage): Promise<ImageFeatures> {
    if (!pack.vision) throw new FailureError('no-vision');
    return new ImageFeatures(await openGraph(backend, pack, pack.vision, await pack.vision.read()));
  }

  /** @param pixels float32 [3, height, width], normalised @returns [tokens, hidden] */
  async of(pixels: Float32Array, height: number): Promise<Float32Array> {
    const dims = [1, 3, height, pixels.length / 3 / height];
    const results = await this.#graph.run({ pixel_values: { type: 'float32', data: pixels, dims } });
    return floatsOf(results, 'image_features').slice();
  }

  release(): Promise<void> {
    return this.#graph.release();
  }
}
