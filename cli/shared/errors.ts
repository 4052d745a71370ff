/** The export cannot be made from this input. The message names what is wrong and what to do; no stack is shown. */
export class ExportError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExportError';
  }
}

/** Code of a system error (`ENOENT`, `ENOSPC`, …). */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
