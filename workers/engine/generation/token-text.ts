/** Tokens as they are shown to people. */
import type { ChatTokenizer } from '#core/chat/tokenizer.ts';

const BYTE = /^<0x[0-9A-F]{2}>$/u;

/** One token alone. Control tokens and bytes, which are no text, as the vocabulary has them. */
export function displayText(tokenizer: Pick<ChatTokenizer, 'decode' | 'tokenOf' | 'isSpecial'>, id: number): string {
  const entry = tokenizer.tokenOf(id);
  if (entry !== undefined && (tokenizer.isSpecial(id) || BYTE.test(entry))) return entry;
  return tokenizer.decode([id]);
}

/** A whole answer, without control tokens. */
export function answerText(tokenizer: Pick<ChatTokenizer, 'decode' | 'isSpecial'>, ids: readonly number[]): string {
  return tokenizer.decode(ids.filter((id) => !tokenizer.isSpecial(id)));
}
