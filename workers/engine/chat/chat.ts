/** The text side of a loaded model: converts messages to token ids and token ids to text. */
import { buildPrompt, type ImageTokens, type Prompt, type RenderChat } from '#core/chat/prompt.ts';
import type { ChatTokenizer } from '#core/chat/tokenizer.ts';
import type { ChatMessage } from '#core/chat/message.ts';
import { FailureError } from '#core/failure.ts';
import { readJson, readText, type PackageReader } from '../../store/reader.ts';
import { compileChatTemplate, findChatTemplate } from './template.ts';
import { loadTokenizer } from './tokenizer.ts';

export class Chat {
  readonly tokenizer: ChatTokenizer;
  readonly #render: RenderChat;
  readonly #image: ImageTokens;
  readonly #answers: RememberedAnswers;

  constructor(tokenizer: ChatTokenizer, render: RenderChat, image: ImageTokens) {
    this.tokenizer = tokenizer;
    this.#render = render;
    this.#image = image;
    this.#answers = new RememberedAnswers(tokenizer);
  }

  prompt(messages: readonly ChatMessage[]): Prompt {
    return buildPrompt(messages, this.#render, this.#answers, this.#image);
  }

  /** Remembers the ids of an answer, so that the next prompt repeats them and not another tokenization of the same text. */
  remember(text: string, ids: readonly number[]): void {
    this.#answers.add(text, ids);
  }

  forget(): void {
    this.#answers.clear();
  }
}

/** @throws FailureError `file-missing` for a package without a tokenizer, and what the readers throw */
export async function loadChat(reader: PackageReader, tokensPerImage: number): Promise<Chat> {
  const optionalText = async (path: string) => ((await reader.has(path)) ? readText(reader, path) : undefined);
  const optionalJson = async (path: string): Promise<unknown> =>
    (await reader.has(path)) ? readJson(reader, path) : undefined;
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    if (!(await reader.has(file))) throw new FailureError('file-missing', { file });
  // Together: a read of a small file mostly waits.
  const [tokenizerConfig, tokenizerJson, jinja, json] = await Promise.all([
    readJson(reader, 'tokenizer_config.json'),
    readJson(reader, 'tokenizer.json'),
    optionalText('chat_template.jinja'),
    optionalJson('chat_template.json'),
  ]);
  const { tokenizer, names } = loadTokenizer(tokenizerJson, tokenizerConfig);
  const template = findChatTemplate({ jinja, json, tokenizerConfig });
  return new Chat(tokenizer, compileChatTemplate(template, names), {
    begin: names.get('boi_token') ?? '<start_of_image>',
    soft: names.get('image_token') ?? '<image_soft_token>',
    end: names.get('eoi_token') ?? '<end_of_image>',
    perImage: tokensPerImage,
  });
}

/** How Gemma's templates open the model's turn, after `<start_of_turn>`. */
const turnHeading = 'model\n';

/**
 * A tokenizer that returns the remembered ids for the text of an answer. A model may generate other tokens than the
 * tokenizer makes of the same text; the KV cache would not match from that token on.
 */
class RememberedAnswers implements ChatTokenizer {
  readonly #tokenizer: ChatTokenizer;
  readonly #ids = new Map<string, readonly number[]>();
  readonly controlTokens: readonly string[];

  constructor(tokenizer: ChatTokenizer) {
    this.#tokenizer = tokenizer;
    this.controlTokens = tokenizer.controlTokens;
  }

  /** Templates trim the text of a message, so the key is trimmed too. */
  add(text: string, ids: readonly number[]): void {
    if (text.trim() !== '') this.#ids.set(text.trim(), ids);
  }

  clear(): void {
    this.#ids.clear();
  }

  /** The text between the two control tokens of a model's turn is the heading and the answer. */
  encode(text: string, options: { special: boolean }): number[] {
    const ids = text.startsWith(turnHeading) ? this.#ids.get(text.slice(turnHeading.length)) : undefined;
    if (ids) return [...this.#tokenizer.encode(turnHeading, options), ...ids];
    return this.#tokenizer.encode(text, options);
  }

  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode(ids);
  }

  idOf(token: string): number | undefined {
    return this.#tokenizer.idOf(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#tokenizer.tokenOf(id);
  }

  isSpecial(id: number): boolean {
    return this.#tokenizer.isSpecial(id);
  }
}
