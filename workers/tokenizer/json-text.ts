import { FailureError } from '#core/failure.ts';
import { refuseManyValues } from '#core/files/parse-json.ts';

/** @throws FailureError 'encoding' */
export function utf8Text(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FailureError('encoding', { file }, { cause: error });
  }
}

/** @throws FailureError 'json-syntax' with line and column, 'file-broken' for more values than a file may have */
export function parseJson(text: string, file: string): unknown {
  try {
    refuseManyValues(text);
    const json: unknown = JSON.parse(text);
    return json;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof RangeError) throw new FailureError('file-broken', { file, reason }, { cause: error });
    throw new FailureError('json-syntax', { file, reason, ...placeOf(reason, text) }, { cause: error });
  }
}

/** Engines say "at position 12" or "line 1 column 13"; for truncated text they say neither, and the place is its end. */
export function placeOf(reason: string, text: string): { line: number; column: number } {
  const named = /line (\d+) column (\d+)/.exec(reason);
  if (named) return { line: Number(named[1]), column: Number(named[2]) };
  const at = /position (\d+)/.exec(reason);
  const before = text.slice(0, at ? Number(at[1]) : text.length);
  const line = before.split('\n').length;
  return { line, column: before.length - before.lastIndexOf('\n') };
}
