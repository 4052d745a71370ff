import { FailureError } from '../failure.ts';

/**
 * A File refers to what was picked. These are the names of the DOMExceptions of its reads after it was moved, changed or deleted, or after
 * its drive was pulled out.
 */
const NAMES: ReadonlySet<string> = new Set(['NotReadableError', 'NotFoundError']);

export function isFileGone(error: unknown): boolean {
  return error instanceof Error && NAMES.has(error.name);
}

/** The failure of a read of a picked file. @param file its name or path */
export function fileGone(file: string, cause: unknown): FailureError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FailureError('file-gone', { file, reason }, { cause });
}
