/** Parses JSON where a file of another kind may stand in its place. */
import { FailureError } from '../failure.ts';
import { kindOfJson } from './json-kind.ts';
import { kindOf } from './kind.ts';
import type { Wanted } from './kinds.ts';
import { OtherFileError } from './other-file.ts';
import { isAnswer } from './words.ts';

/**
 * @param file name for messages
 * @param broken makes the error for what is meant to be JSON and is not
 * @throws OtherFileError if it is known what the bytes are instead: also for JSON in which a server refuses
 */
export function parseJsonOr(
  bytes: Uint8Array | string,
  { file, wanted = 'json', broken }: { file: string; wanted?: Wanted; broken: (cause: unknown) => Error },
): unknown {
  let json: unknown;
  try {
    json = JSON.parse(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes));
  } catch (cause) {
    const found = looksLikeJson(bytes)
      ? undefined
      : kindOf(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
    throw found ? new OtherFileError(file, found, wanted, { cause }) : broken(cause);
  }
  const found = kindOfJson(json);
  if (found && isAnswer(found.kind)) throw new OtherFileError(file, found, wanted);
  return json;
}

/** @throws FailureError file-broken if the bytes are not JSON, other-file if it is known what they are */
export function parseJson(bytes: Uint8Array | string, file: string): unknown {
  return parseJsonOr(bytes, {
    file,
    broken: (cause) => new FailureError('file-broken', { file, reason: 'not JSON' }, { cause }),
  });
}

/** True if the text begins as an object or a list does. BERT's vocab.txt begins with [PAD]. */
export function looksLikeJson(bytes: Uint8Array | string): boolean {
  const start = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes.subarray(0, 64));
  return /^\s*(?:\{|\[\s*(?:["[{\]\-\dtfn]|$))/.test(start);
}
