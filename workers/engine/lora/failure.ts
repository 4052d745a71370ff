import { AdapterError } from '#core/lora/error.ts';
import { FailureError } from '#core/failure.ts';
import { SafetensorsError } from '#core/safetensors/header.ts';

/** The decoder could be made neither with the new adapters nor as it was: the model must be closed. */
export class DecoderGoneError extends FailureError {}

/** What cannot be used as an adapter crosses to the page as such; anything else stays what it is. */
export function adapterFailure(error: unknown): unknown {
  if (error instanceof AdapterError) {
    return new FailureError('adapter-refused', { file: error.file, reason: error.reason }, { cause: error });
  }
  if (error instanceof SafetensorsError) {
    const reason = error.message.slice(error.file.length + ': '.length);
    return new FailureError('adapter-refused', { file: error.file, reason }, { cause: error });
  }
  return error;
}
