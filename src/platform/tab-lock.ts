/** How long a lock is waited for: a page that is reloaded may still hold it for a moment. */
const PATIENCE_MILLISECONDS = 400;

/**
 * Takes a name that no other tab has, and holds it until the tab is closed. False if another tab has it. Throws where the
 * browser has no locks (pages that do not come over https).
 */
export function lockName(name: string, patience: 'none' | 'reload'): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const options: LockOptions =
      patience === 'none' ? { ifAvailable: true } : { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) };
    navigator.locks
      .request(name, options, (lock) => {
        resolve(lock !== null);
        // Held until the page is gone.
        return lock ? new Promise<never>(() => {}) : undefined;
      })
      .catch((error: unknown) => {
        if (error instanceof DOMException && error.name === 'TimeoutError') resolve(false);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
  });
}
