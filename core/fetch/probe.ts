import { checkResponse, discardBody, send, StallWatch, versionOf, type HttpRequest, type Network } from './network.ts';
import { lengthOfFile } from './response-range.ts';

/**
 * Checks that a file exists and reads its version and its length in bytes, without downloading it: by HEAD, and by a GET of one byte from servers
 * that have no HEAD.
 * @throws as `send` and `checkResponse`
 */
export async function probe(
  network: Network,
  { url, file, signal }: { url: string; file: string; signal?: AbortSignal | undefined },
): Promise<{ version: string | undefined; size: number | undefined }> {
  const watch = new StallWatch(network, url, signal);
  const ask = (request: HttpRequest) => send(network, url, { ...request, cache: 'no-cache', signal: watch.signal });
  try {
    let response = await ask({ method: 'HEAD' });
    if (WITHOUT_HEAD.has(response.status)) {
      watch.renew();
      response = await ask({ headers: { Range: 'bytes=0-0' } });
      // An empty file has no first byte.
      if (response.status === 416) {
        discardBody(response);
        return { version: versionOf(response), size: 0 };
      }
    }
    checkResponse(network, response, url, file);
    discardBody(response);
    return { version: versionOf(response), size: lengthOfFile(response) };
  } finally {
    watch.end();
  }
}

/** Method Not Allowed, Not Implemented: the server knows only GET. */
const WITHOUT_HEAD: ReadonlySet<number> = new Set([405, 501]);
