/** Parses JSON where a file of another kind may stand in its place. */
import { FailureError } from '../failure.ts';
import { kindOfJson } from './json-kind.ts';
import { kindOf } from './kind.ts';
import type { Wanted } from './kinds.ts';
import { OtherFileError } from './other-file.ts';
import { isAnswer } from './words.ts';

/**
 * Lists and objects of one file. Each takes tens of bytes once it is parsed, and 200 MB of "[" would be as many of them; the
 * largest tokenizer.json has half a million.
 */
const MAX_CONTAINERS = 4_000_000;

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
    refuseManyContainers(bytes);
    json = JSON.parse(typeof bytes === 'string' ? bytes : decodeUtf8(bytes));
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

/** To be called before JSON of anybody's is parsed. Counts brackets in texts too. @throws RangeError */
export function refuseManyContainers(bytes: Uint8Array | string): void {
  let containers = 0;
  const count = (next: (from: number) => number) => {
    for (let at = next(0); at >= 0 && containers <= MAX_CONTAINERS; at = next(at + 1)) containers++;
  };
  for (const opening of ['[', '{'] as const)
    if (typeof bytes === 'string') count((from) => bytes.indexOf(opening, from));
    else count((from) => bytes.indexOf(opening.charCodeAt(0), from));
  if (containers > MAX_CONTAINERS)
    throw new RangeError(
      `it holds more than ${MAX_CONTAINERS} lists and objects, which nothing that is read here does`,
    );
}

/** Without a byte order mark. Bytes that are not UTF-8 would silently become U+FFFD. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError('it is not in UTF-8, as JSON has to be; save it as UTF-8, or download it again', { cause });
  }
}

/** @throws FailureError file-broken if the bytes are not JSON, other-file if it is known what they are */
export function parseJson(bytes: Uint8Array | string, file: string): unknown {
  return parseJsonOr(bytes, {
    file,
    broken: (cause) =>
      new FailureError(
        'file-broken',
        { file, reason: cause instanceof RangeError ? cause.message : 'not JSON' },
        { cause },
      ),
  });
}

/** True if the text begins as an object or a list does. BERT's vocab.txt begins with [PAD]. */
export function looksLikeJson(bytes: Uint8Array | string): boolean {
  const start = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes.subarray(0, 64));
  return /^\s*(?:\{|\[\s*(?:["[{\]\-\dtfn]|$))/.test(start);
}
