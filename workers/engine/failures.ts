import { FailureError, type Failure } from '#core/failure.ts';
import { reasonOf } from './model/session.ts';

/** What went wrong, as it crosses to the page. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return { code: error.code, detail: error.detail };
  // Unexpected: in the console with its stack, and to the page in the runtime's own words.
  console.error(error);
  return { code: 'runtime', detail: { reason: reasonOf(error) } };
}
