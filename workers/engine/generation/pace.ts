/** An answer that is written no faster than eyes follow. */

/**
 * @param tokensPerSecond undefined for an answer as fast as it comes
 * @returns what to await between tokens: until one more is due, or `signal` aborts; undefined where there is nothing to wait for
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
    // What came late is not caught up with.
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
