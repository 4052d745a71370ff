import type { ChatMessage } from './message.ts';
import { FailureError } from '../failure.ts';
import { templateMessages, type TemplateMessage } from './messages.ts';
import { ControlTokenFinder, type ChatTokenizer } from './tokenizer.ts';

/** The tokens that represent an image in the prompt. */
export interface ImageTokens {
  /** `<start_of_image>`: what the chat template writes for an image. */
  begin: string;
  /** `<image_soft_token>`: its embeddings are replaced by image features. */
  soft: string;
  /** `<end_of_image>` */
  end: string;
  perImage: number;
}

export interface Prompt {
  /** Token ids, [length]. */
  ids: number[];
  /** attention_mask values, [length]: 1 is text, 2, 3, … the soft tokens of the first, second, … image. */
  mask: number[];
  /** Position of each image's soft tokens in `ids`. */
  images: { index: number; start: number; length: number }[];
}

/** Renders messages to text that ends with the start of the model's turn. */
export type RenderChat = (messages: readonly TemplateMessage[]) => string;

/**
 * Messages → token ids, each image expanded as Hugging Face's `Gemma3Processor` does:
 * `\n\n<start_of_image>` + soft tokens + `<end_of_image>\n\n`, newlines merging with those around them.
 *
 * Only control tokens that the template itself writes are encoded as such. Message text is plain text: before rendering, each
 * character that could start a control token is escaped; it is restored after the rendered text is split at control tokens.
 *
 * Throws FailureError 'unsupported-package' when the tokenizer lacks the image tokens, or when the number of
 * images that the template writes differs from the number in the messages.
 */
export function buildPrompt(
  messages: readonly ChatMessage[],
  render: RenderChat,
  tokenizer: ChatTokenizer,
  image: ImageTokens,
): Prompt {
  const finder = new ControlTokenFinder([...tokenizer.controlTokens, image.begin, image.soft, image.end]);
  const escape = new Escape(finder.firstCharacters);
  const rendered = render(templateMessages(messages, (text) => escape.hide(text)));

  const prompt: Prompt = { ids: [], mask: [], images: [] };
  const append = (ids: readonly number[], mask = 1) => {
    for (const id of ids) {
      prompt.ids.push(id);
      prompt.mask.push(mask);
    }
  };
  let text = '';
  const flush = () => {
    if (text !== '') append(tokenizer.encode(escape.reveal(text), { special: false }));
    text = '';
  };
  const control = (token: string): number => {
    const id = tokenizer.idOf(token);
    if (id === undefined) throw unsupported('tokenizer.json', `no token ${token}`);
    return id;
  };

  let from = 0;
  for (let found = finder.next(rendered, 0); found; found = finder.next(rendered, from)) {
    text += rendered.slice(from, found.at);
    from = found.at + found.token.length;
    if (found.token === image.begin) {
      text += '\n\n';
      flush();
      append([control(image.begin)]);
      const index = prompt.images.length;
      prompt.images.push({ index, start: prompt.ids.length, length: image.perImage });
      append(new Array<number>(image.perImage).fill(control(image.soft)), 2 + index);
      append([control(image.end)]);
      text = '\n\n';
    } else {
      flush();
      append([control(found.token)]);
    }
  }
  text += rendered.slice(from);
  flush();
  // A model would answer out of nothing.
  if (prompt.ids.length === 0) throw unsupported('chat template', 'writes nothing for the messages');

  const expected = messages.flatMap((message) => message.content).filter((part) => part.type === 'image').length;
  if (prompt.images.length !== expected) {
    throw unsupported('chat template', `shows ${prompt.images.length} images, the messages hold ${expected}`);
  }
  return prompt;
}

function unsupported(file: string, reason: string): FailureError {
  return new FailureError('unsupported-package', { file, reason });
}

/** U+FDD0…U+FDEF are noncharacters for internal use. Text that already contains some keeps them. */
const MARK = '\uFDD0';
const FIRST_LETTER = 0xfdd1;
const PAIR = /\uFDD0([\uFDD1-\uFDEF])/g;

/** Hides characters from the search for control tokens: each is replaced by MARK and a noncharacter that encodes it. */
class Escape {
  private readonly letters = new Map<string, string>();
  private readonly characters = new Map<string, string>();

  constructor(characters: Iterable<string>) {
    for (const character of [MARK, ...characters]) {
      // White space is not escaped: templates trim it, and no control token starts with it.
      if (character.trim() === '' || this.letters.has(character)) continue;
      const letter = String.fromCharCode(FIRST_LETTER + this.letters.size);
      if (letter > '\uFDEF') throw unsupported('tokenizer.json', 'control tokens begin with too many characters');
      this.letters.set(character, letter);
      this.characters.set(letter, character);
    }
  }

  hide(text: string): string {
    let hidden = '';
    for (const character of text) {
      const letter = this.letters.get(character);
      hidden += letter === undefined ? character : MARK + letter;
    }
    return hidden;
  }

  reveal(text: string): string {
    return text.replace(PAIR, (pair, letter: string) => this.characters.get(letter) ?? pair);
  }
}
