/** A link that contains a text and its tokenizers: JSON, deflated, in URL-safe Base64. */

import { isJsonObject } from '#core/json.ts';
import { packText, unpackText } from '../../platform/packed-text.ts';

/** What a link stores. */
export interface Shared {
  text: string;
  /** Keys of built-in tokenizers and `hf:owner/name`; tokenizers from files cannot be included. */
  tokenizers: readonly string[];
}

/** Most characters of the whole address. Browsers accept more; mail programs and messengers cut longer ones. */
export const longestLink = 16_000;

/** Most characters of the unpacked text; a link with more was not made here. */
const maxText = 200_000;

/** @param page address of the page, with or without a hash */
export async function linkTo(shared: Shared, page: string): Promise<string> {
  const url = new URL(page);
  url.hash = `#/tokenizer?s=${await packShared(shared)}`;
  return url.href;
}

export function packShared(shared: Shared): Promise<string> {
  return packText(JSON.stringify({ v: 1, t: shared.text, k: shared.tokenizers }));
}

/** @returns undefined if the link is broken or contains something else */
export async function unpackShared(packed: string): Promise<Shared | undefined> {
  try {
    return checked(JSON.parse(await unpackText(packed, maxText * 4)));
  } catch {
    return undefined;
  }
}

function checked(json: unknown): Shared | undefined {
  if (!isJsonObject(json)) return undefined;
  const { v, t, k } = json;
  if (v !== 1 || typeof t !== 'string' || t.length > maxText || !Array.isArray(k)) return undefined;
  return { text: t, tokenizers: k.filter((key) => typeof key === 'string').slice(0, 20) };
}
