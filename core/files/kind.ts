/** Recognises a file by its first bytes. */
import { kindOfBeginning } from './beginnings.ts';
import { kindOfJson, parseStart } from './json-kind.ts';
import type { Recognised } from './kinds.ts';
import { kindOfLines, kindOfText } from './text-kind.ts';

/** As many bytes from the start of a file, or characters of a text, as are looked at. */
export const KIND_BYTES = 4096;

/** @param file its bytes, or the first `KIND_BYTES` of them @returns undefined for plain text and for what is not known */
export function kindOf(file: Uint8Array): Recognised | undefined {
  const head = file.subarray(0, KIND_BYTES);
  const kind = kindOfBeginning(head);
  if (kind) return { kind };
  return kindOfDecoded(new TextDecoder().decode(head), file.length < KIND_BYTES);
}

/** As `kindOf` for a decoded text. @param start the text, or the first `KIND_BYTES` characters of it */
export function kindOfStart(start: string): Recognised | undefined {
  return kindOfDecoded(start.slice(0, KIND_BYTES), start.length < KIND_BYTES);
}

function kindOfDecoded(text: string, whole: boolean): Recognised | undefined {
  const found = kindOfText(text, whole) ?? kindOfJson(parseStart(text, whole));
  if (found) return found;
  const list = kindOfLines(text);
  return list && { kind: list };
}
