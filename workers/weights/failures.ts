import { CheckpointError } from '#core/gemma3/checkpoint.ts';
import { ConfigError } from '#core/gemma3/config.ts';
import { OnnxError } from '#core/onnx/model.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import { SafetensorsError } from '#core/safetensors/header.ts';

/** What went wrong, as it crosses to the page. @param file what is called broken where the error itself names no file */
export function failureOf(error: unknown, file: string): Failure {
  if (error instanceof FailureError) return { code: error.code, detail: error.detail };
  if (error instanceof ConfigError) {
    return { code: 'unsupported-package', detail: { file: 'config.json', reason: error.message } };
  }
  if (error instanceof SafetensorsError) {
    return { code: 'file-broken', detail: { file: error.file, reason: error.message } };
  }
  if (error instanceof CheckpointError || error instanceof OnnxError) {
    return { code: 'file-broken', detail: { file, reason: error.message } };
  }
  // Unexpected: in the console with its stack, and to the page in the runtime's own words.
  console.error(error);
  return { code: 'runtime', detail: { reason: error instanceof Error ? error.message : String(error) } };
}
