import { CONTINUED, NEW_TOKEN, TOKEN_KINDS, type TokenFacts } from '#core/protocol/tokenizer.ts';
import type { UnitTokens } from './unit-tokens.ts';
import type { RegisteredTokenizer } from './registered-tokenizer.ts';

const utf8 = new TextEncoder();

/** Facts about a token; undefined if the tokenizer has no token with this id. */
export function factsOf({ tokenizer, info }: RegisteredTokenizer, id: number): TokenFacts | undefined {
  const piece = tokenizer.pieceOf(id);
  const kind = tokenizer.kindOf(id);
  if (piece === undefined || kind === undefined) return undefined;
  const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
  // A single byte is not text; any other token has the bytes of its decoded text.
  const bytes =
    kind === 'byte' && byte !== undefined
      ? Uint8Array.of(Number.parseInt(byte, 16))
      : utf8.encode(tokenizer.decode([id]));
  const isNew = info.firstNewId !== undefined && id >= info.firstNewId;
  return { id, piece, kind, bytes, isNew, history: tokenizer.historyOf(id) };
}

/** Kind and novelty of each token in one byte, for drawing. */
export function marksOf(
  { tokenizer, info }: RegisteredTokenizer,
  lane: UnitTokens,
  marks: Uint8Array,
  offset: number,
): void {
  const firstNewId = info.firstNewId ?? Infinity;
  lane.ids.forEach((id, index) => {
    const kind = TOKEN_KINDS.indexOf(tokenizer.kindOf(id) ?? 'unknown');
    const continued = lane.continues && index === 0;
    marks[offset + index] = kind + (id >= firstNewId ? NEW_TOKEN : 0) + (continued ? CONTINUED : 0);
  });
}
