/** Parses JSON where a file of another kind may stand in its place. */
import { FailureError } from '../failure.ts';
import { kindOfJson } from './json-kind.ts';
import { kindOf } from './kind.ts';
import type { Wanted } from './kinds.ts';
import { OtherFileError } from './other-file.ts';
import { isAnswer } from './words.ts';

/**
 * Values of one file. Each takes tens of bytes once it is parsed, and time: 200 MB of "[" or of short texts would take minutes and
 * gigabytes. Gemma's tokenizer.json, one of the largest, has under two million.
 */
const MAX_VALUES = 8_000_000;

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
    refuseManyValues(bytes);
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

/** To be called before JSON of anybody's is parsed. Counts commas and brackets, in texts too. @throws RangeError */
export function refuseManyValues(json: Uint8Array | string): void {
  const { length } = json;
  if (length <= MAX_VALUES) return;
  let values = 0;
  for (let at = 0; at < length; at++) {
    const unit = typeof json === 'string' ? json.charCodeAt(at) : json[at];
    if (unit === COMMA || unit === BRACKET || unit === BRACE) values++;
  }
  if (values > MAX_VALUES)
    throw new RangeError(`it holds more than ${MAX_VALUES} values, which nothing that is read here does`);
}

const [COMMA, BRACKET, BRACE] = [0x2c, 0x5b, 0x7b];

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
