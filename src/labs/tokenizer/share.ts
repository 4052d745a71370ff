/** A link that contains a text and its tokenizers: JSON, deflated, in URL-safe Base64. */

import { isJsonObject } from '#core/json.ts';

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

export async function packShared(shared: Shared): Promise<string> {
  const json = new Blob([JSON.stringify({ v: 1, t: shared.text, k: shared.tokenizers })]);
  const packed = await new Response(json.stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer();
  const binary = Array.from(new Uint8Array(packed), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @returns undefined if the link is broken or contains something else */
export async function unpackShared(packed: string): Promise<Shared | undefined> {
  try {
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return checked(JSON.parse(await textUpTo(stream, maxText * 4)));
  } catch {
    return undefined;
  }
}

/** Reads at most `most` characters: a small link may unpack to gigabytes. */
async function textUpTo(stream: ReadableStream<Uint8Array<ArrayBuffer>>, most: number): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > most) {
      await reader.cancel();
      throw new RangeError('too long');
    }
    parts.push(read.value);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(await new Blob(parts).arrayBuffer());
}

function checked(json: unknown): Shared | undefined {
  if (!isJsonObject(json)) return undefined;
  const { v, t, k } = json;
  if (v !== 1 || typeof t !== 'string' || t.length > maxText || !Array.isArray(k)) return undefined;
  return { text: t, tokenizers: k.filter((key) => typeof key === 'string').slice(0, 20) };
}
