/** Texts in links: deflated, in URL-safe Base64. */

export async function packText(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const packed = await new Response(stream).arrayBuffer();
  const binary = Array.from(new Uint8Array(packed), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param mostBytes of the text in UTF-8: a small link may unpack to gigabytes
 * @throws Error of any kind if it is broken or longer
 */
export async function unpackText(packed: string, mostBytes: number): Promise<string> {
  const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return textUpTo(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')), mostBytes);
}

async function textUpTo(stream: ReadableStream<Uint8Array<ArrayBuffer>>, mostBytes: number): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > mostBytes) {
      await reader.cancel();
      throw new RangeError('too long');
    }
    parts.push(read.value);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(await new Blob(parts).arrayBuffer());
}
