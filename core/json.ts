import { FailureError } from './failure.ts';

export type Json = Record<string, unknown>;

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws FailureError file-broken if the text is not JSON */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FailureError('file-broken', { file, reason: 'not JSON' }, { cause });
  }
}
