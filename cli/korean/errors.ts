/** What was asked for cannot be done with this input. The message names what is wrong and what to do; no stack is shown. */
export class KoreanError extends Error {
  override readonly name = 'KoreanError';
}

/** Code of a system error (`ENOENT`, `ENOSPC`, …). */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
