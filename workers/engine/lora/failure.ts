import { FailureError } from '#core/failure.ts';
import { AdapterError } from '#core/lora/error.ts';
import { SafetensorsError } from '#core/safetensors/header.ts';

/** The decoder could be made neither with the new adapters nor as it was: the model must be closed. */
export class DecoderGoneError extends FailureError {}

/** What is wrong with the weights of an adapter is wrong with the adapter; anything else stays what it is. */
export function asAdapterError(error: unknown): unknown {
  if (!(error instanceof SafetensorsError)) return error;
  return new AdapterError(error.file, error.message.slice(error.file.length + ': '.length));
}
