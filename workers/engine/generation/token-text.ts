/** Tokens as they are shown to people. */
import type { ChatTokenizer } from '#core/chat/tokenizer.ts';
import { TextStream } from '../chat/stream.ts';

const BYTE = /^<0x[0-9A-F]{2}>$/u;

/** The text of one token. Control tokens and byte tokens have no text and are shown as their vocabulary entry. */
export function displayText(tokenizer: Pick<ChatTokenizer, 'decode' | 'tokenOf' | 'isSpecial'>, id: number): string {
  const entry = tokenizer.tokenOf(id);
  if (entry !== undefined && (tokenizer.isSpecial(id) || BYTE.test(entry))) return entry;
  return tokenizer.decode([id]);
}

/** A whole answer, without control tokens: the text that the chat shows for these ids, the thought included. */
export function answerText(tokenizer: ChatTokenizer, ids: readonly number[]): string {
  const stream = new TextStream(tokenizer);
  const deltas = [...ids.flatMap((id) => stream.push(id)), ...stream.end()];
  return deltas.map(({ text }) => text).join('');
}
