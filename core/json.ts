import { FailureError } from './failure.ts';
import { otherTextOf } from './other-text.ts';

export type Json = Record<string, unknown>;

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws FailureError file-broken if the text is not JSON, other-file if it is known what it is */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const kind = otherTextOf(text);
    if (kind) throw new FailureError('other-file', { file, kind }, { cause });
    throw new FailureError('file-broken', { file, reason: 'not JSON' }, { cause });
  }
}
