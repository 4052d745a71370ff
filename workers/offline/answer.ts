/** Answers a request for a file of the page, from what is kept where it is. */
import { byteRange } from '#core/offline/byte-range.ts';
import type { PageFile } from '#core/offline/page-files.ts';
import { ISOLATION } from './isolation.ts';
import type { PageCache } from './page-cache.ts';

export interface Answer {
  response: Response;
  /** Keeps a file that was fetched. Resolves when that is done or has failed. */
  kept: Promise<void>;
}

/** @throws TypeError, as `fetch`, for a file that is not kept and cannot be fetched */
export async function answer(request: Request, file: PageFile, cache: PageCache): Promise<Answer> {
  const kept = await cache.match(file);
  if (kept) return { response: await answerKept(request, kept), kept: Promise.resolve() };
  const response = await fetch(request);
  const isWhole = request.method === 'GET' && response.status === 200;
  const copy = isWhole ? response.clone() : undefined;
  return {
    response: startsContext(request) ? isolated(response) : response,
    kept: copy ? keepCopy(copy, file, cache) : Promise.resolve(),
  };
}

/** @param kept the whole file, with `Content-Length` and `ETag` */
export async function answerKept(request: Request, kept: Response): Promise<Response> {
  if (request.method === 'HEAD') return new Response(null, { headers: kept.headers });
  const range = request.headers.get('Range');
  const sameVersion = request.headers.get('If-Range') ?? kept.headers.get('ETag');
  if (range === null || sameVersion !== kept.headers.get('ETag')) return kept;
  const file = await kept.blob();
  const part = byteRange(range, file.size);
  if (part === undefined) return new Response(file, { headers: kept.headers });
  const headers = new Headers(kept.headers);
  if (part === 'unsatisfiable') {
    headers.set('Content-Range', `bytes */${file.size}`);
    headers.set('Content-Length', '0');
    return new Response(null, { status: 416, statusText: 'Range Not Satisfiable', headers });
  }
  const bytes = file.slice(part.first, part.last + 1);
  headers.set('Content-Range', `bytes ${part.first}-${part.last}/${file.size}`);
  headers.set('Content-Length', String(bytes.size));
  return new Response(bytes, { status: 206, statusText: 'Partial Content', headers });
}

/**
 * Only documents and workers need the headers of isolation. Anything else goes through untouched: the browser keeps compiled
 * WebAssembly and scripts for responses of the network, and not for ones that a script made.
 */
function startsContext({ destination }: Request): boolean {
  return ['document', 'iframe', 'frame', 'worker', 'sharedworker'].includes(destination);
}

function isolated(response: Response): Response {
  // What a redirect led to, or an error: nothing that starts a worker.
  if (response.type !== 'basic' || response.redirected || response.status !== 200) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function keepCopy(copy: Response, file: PageFile, cache: PageCache): Promise<void> {
  try {
    await cache.put(file, copy.headers, await copy.arrayBuffer());
  } catch (error) {
    // The page has its answer. What is missing is fetched again and told about when the page asks to keep the rest.
    console.warn(error);
  }
}
