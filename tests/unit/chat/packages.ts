import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { loadTokenizer } from '../../../workers/engine/chat/tokenizer.ts';
import type { ChatMessage } from '#core/chat/message.ts';
import type { ImageTokens } from '#core/chat/prompt.ts';

/** The stand-in tokenizer as the worker loads it. */
export async function loadStandIn() {
  const { tokenizer, config } = standInTokenizer();
  return loadTokenizer(tokenizer, config);
}

export const imageTokens: ImageTokens = {
  begin: '<start_of_image>',
  soft: '<image_soft_token>',
  end: '<end_of_image>',
  perImage: 4,
};

export function message(role: ChatMessage['role'], ...parts: (string | Blob)[]): ChatMessage {
  return {
    role,
    content: parts.map((part) =>
      typeof part === 'string' ? { type: 'text', text: part } : { type: 'image', name: 'a.png', image: part },
    ),
  };
}
