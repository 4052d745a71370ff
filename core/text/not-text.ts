/** Recognises files that stand in place of a text: what a download left there instead. */
import { isJsonObject } from '../json.ts';
import { isLfsPointer, MAX_LFS_POINTER_BYTES } from '../lfs-pointer.ts';

export type NotText =
  | { kind: 'lfs-pointer' }
  | { kind: 'web-page' }
  /** JSON of a server that refused; `reason` are its words. */
  | { kind: 'error-message'; reason: string };

/** Characters of the start of a file that `notTextBy` must see; a shorter text whole. */
export const NOT_TEXT_SAMPLE = 4096;

const WEB_PAGE = /^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?<(!doctype\s+html|html|head)\b/i;

/** @param start text of a file, or its first `NOT_TEXT_SAMPLE` characters @returns undefined for text */
export function notTextBy(start: string): NotText | undefined {
  const text = start.trim();
  if (text.length <= MAX_LFS_POINTER_BYTES && isLfsPointer(text)) return { kind: 'lfs-pointer' };
  if (WEB_PAGE.test(text)) return { kind: 'web-page' };
  const reason = text.startsWith('{') && text.endsWith('}') ? refusalIn(text) : undefined;
  return reason === undefined ? undefined : { kind: 'error-message', reason };
}

/** The words of `{"error": "…"}` and its like. */
function refusalIn(text: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  const { error, message, detail } = json;
  const words = isJsonObject(error) ? error['message'] : (error ?? message ?? detail);
  return typeof words === 'string' ? words : undefined;
}
