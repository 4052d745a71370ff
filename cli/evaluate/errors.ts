/** The package cannot be evaluated so. The message names what is wrong and what to do; no stack is shown. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}
