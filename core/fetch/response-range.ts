/** Which bytes of a file a response holds. */
import type { HttpResponse } from './network.ts';

/** Index of the first byte of the body in the file. Content-Range may be hidden by CORS: then it is the one asked for. */
export function bodyStart(response: HttpResponse, asked: number): number {
  return response.status === 206 ? (contentRange(response)?.start ?? asked) : 0;
}

function contentRange({ headers }: HttpResponse): { start: number; total: number | undefined } | undefined {
  const [, start, total] = /^bytes (\d{1,15})-\d+\/(\d{1,15}|\*)$/.exec(headers.get('Content-Range') ?? '') ?? [];
  return start === undefined ? undefined : { start: Number(start), total: total === '*' ? undefined : Number(total) };
}

/** Length of the file in a response of status 416; undefined if the server does not send it. */
export function lengthOfUnsatisfied({ headers }: HttpResponse): number | undefined {
  const [, total] = /^bytes \*\/(\d{1,15})$/.exec(headers.get('Content-Range') ?? '') ?? [];
  return total === undefined ? undefined : Number(total);
}

/** Length of the whole file; undefined if the response does not tell. */
export function lengthOfFile(response: HttpResponse): number | undefined {
  return response.status === 206 ? contentRange(response)?.total : bodyLength(response);
}

/** Length of the body; undefined if the server does not send it, or sends the compressed length. */
function bodyLength({ headers }: HttpResponse): number | undefined {
  const length = headers.get('Content-Length') ?? '';
  return !/^\d{1,15}$/.test(length) || headers.has('Content-Encoding') ? undefined : Number(length);
}

/**
 * Length of the whole file; undefined if the server does not send it, or sends the compressed length. A range can be shorter
 * than the rest of the file, so its own total comes first.
 */
export function totalBytes(response: HttpResponse, from: number): number | undefined {
  const total = response.status === 206 ? contentRange(response)?.total : undefined;
  if (total !== undefined) return total;
  const length = bodyLength(response);
  return length === undefined ? undefined : from + length;
}
