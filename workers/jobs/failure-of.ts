import { FailureError, type Failure, type FailureCode } from '#core/failure.ts';
import { ExportError } from '#core/export/error.ts';
import { isFileGone } from '#core/files/file-gone.ts';
import { CheckpointError } from '#core/gemma3/checkpoint.ts';
import { ConfigError } from '#core/gemma3/config.ts';
import { AdapterError } from '#core/lora/error.ts';
import { OnnxError } from '#core/onnx/model.ts';
import { TensorTooLargeError } from '#core/onnx/external.ts';
import { SafetensorsError } from '#core/safetensors/header.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';

/** By the names of the DOMExceptions that the browser's storage throws. */
const STORAGE_FAILURES: Readonly<Record<string, FailureCode>> = {
  QuotaExceededError: 'storage-full',
  NoModificationAllowedError: 'storage-locked',
};

/**
 * Converts an error to the failure that is sent to the page. An error that is not in this table is unexpected: it goes to
 * the console with its stack, and to the page as `runtime`.
 * @param file name of the broken file if the error itself names none
 */
export function failureOf(error: unknown, file = ''): Failure {
  if (error instanceof FailureError)
    return error.code === 'runtime' ? (knownCause(error) ?? error.failure) : error.failure;
  if (error instanceof ConfigError) return of('unsupported-package', 'config.json', error);
  if (error instanceof AdapterError) {
    return { code: 'adapter-refused', detail: { file: error.file, reason: error.reason } };
  }
  if (error instanceof ExportError) return { code: 'export-refused', detail: { reason: error.message } };
  if (error instanceof SafetensorsError) return of('file-broken', error.file, error);
  if (error instanceof CheckpointError || error instanceof OnnxError) return of('file-broken', file, error);
  if (error instanceof TensorTooLargeError) return { code: 'out-of-memory', detail: { bytes: error.bytes } };
  if (error instanceof PackError) return of('pack', file, error);
  if (error instanceof TokenizerFormatError) return tokenizerFailure(error, file);
  const known = knownCause(error, file);
  if (known) return known;
  console.error(error);
  return { code: 'runtime', detail: { reason: reasonOf(error) } };
}

/** What an unexpected error, or one that it was caused by, says that is known; undefined if nothing is. */
function knownCause(error: unknown, file = ''): Failure | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const reason = cause.message;
    if (isFileGone(cause)) return { code: 'file-gone', detail: { ...(file !== '' && { file }), reason } };
    const code = cause instanceof DOMException ? STORAGE_FAILURES[cause.name] : undefined;
    if (code) return { code, detail: { reason } };
    if (isOutOfMemory(cause)) return { code: 'out-of-memory', detail: { reason } };
  }
  return undefined;
}

/** Words of JavaScript engines, WebAssembly, and ONNX Runtime for memory that was asked for and not given. */
const NO_MEMORY =
  /array buffer allocation failed|invalid (typed )?array (buffer )?length|out of memory|bad_alloc|bad allocation|failed to allocate memory|could not allocate memory|cannot enlarge memory|Aborted\(OOM\)|memory\.grow/i;

function isOutOfMemory({ message }: Error): boolean {
  return NO_MEMORY.test(message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An unsupported file is named as such, with the feature; a damaged one as damaged. */
export function tokenizerFailure(error: TokenizerFormatError, file: string): Failure {
  const { reason, part, found, message } = error;
  if (reason === 'malformed') return { code: 'not-a-tokenizer', detail: { file, reason: message } };
  return { code: 'unsupported-tokenizer', detail: { file, part, feature: found, reason: message } };
}

function of(code: Failure['code'], file: string, { message }: Error): Failure {
  return { code, detail: { file, reason: message } };
}
