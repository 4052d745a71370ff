import { NotThere } from './microscope.svelte.ts';

/**
 * A file beside the page, with how much of it has come.
 * @throws NotThere where there is none: hosts answer with their index page too
 * @throws TypeError where the connection breaks
 */
export async function fetchFile(url: string, on: (done: number, total: number) => void): Promise<Blob> {
  const file = url.split('/').slice(-2).join('/');
  const response = await fetch(url);
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 404 || type.startsWith('text/html'))
    throw new NotThere({ code: 'file-missing', detail: { file } });
  if (!response.ok || !response.body) {
    throw new NotThere({ code: 'network', detail: { url, reason: `HTTP ${response.status}` } });
  }
  const total = Number(response.headers.get('content-length') ?? 0);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    parts.push(read.value);
    done += read.value.length;
    // What was packed on the way is longer than was announced.
    on(done, Math.max(done, total));
  }
  return new Blob(parts);
}
