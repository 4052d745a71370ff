/** Limits the speed of an answer. */

/**
 * @param tokensPerSecond undefined for no limit
 * @returns a function to await between tokens: it resolves when the next token is due or `signal` aborts; undefined without a
 *   limit
 */
export function pauseBetweenTokens(
  tokensPerSecond: number | undefined,
  signal: AbortSignal,
): (() => Promise<void>) | undefined {
  if (tokensPerSecond === undefined) return undefined;
  const interval = 1000 / tokensPerSecond;
  let due = performance.now();
  return () => {
    const now = performance.now();
    // Lost time is not made up for: after a late token the next interval starts now.
    due = Math.max(due + interval, now);
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, due - now);
      signal.addEventListener('abort', end);
    });
  };
}
