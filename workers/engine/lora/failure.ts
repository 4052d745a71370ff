import { FailureError } from '#core/failure.ts';
import { AdapterError } from '#core/lora/error.ts';
import { SafetensorsError } from '#core/safetensors/header.ts';

/** Neither the decoder with the new adapters nor the previous one could be created: the model must be closed. */
export class DecoderGoneError extends FailureError {}

/** Converts a SafetensorsError to an AdapterError; returns other errors unchanged. */
export function asAdapterError(error: unknown): unknown {
  if (!(error instanceof SafetensorsError)) return error;
  return new AdapterError(error.file, error.message.slice(error.file.length + ': '.length));
}
