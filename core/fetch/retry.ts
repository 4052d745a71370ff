/** Which failed requests are sent again, and when. */
import type { FailureError } from '../failure.ts';
import type { Network } from './network.ts';

/** Consecutive attempts without any received bytes before the download fails. */
export const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 300;
/** If the server asks for a longer pause, the download fails and the user sees the pause. */
const LONGEST_PAUSE_SECONDS = 5;

/** Milliseconds before the attempt that follows `failures` failed ones; undefined if another attempt cannot help. */
export function retryPause(network: Network, error: FailureError, failures: number): number | undefined {
  const asked = askedPause(error);
  if (asked === undefined) return undefined;
  return Math.max(asked, (network.pauseMilliseconds ?? PAUSE_MILLISECONDS) * 2 ** failures);
}

function askedPause({ code, detail }: FailureError): number | undefined {
  // Other 4xx responses are final.
  if (code === 'network') return typeof detail['status'] === 'number' ? undefined : 0;
  if (code === 'server-error' || code === 'cut-off') return 0;
  if (code !== 'rate-limited') return undefined;
  const seconds = Number(detail['retryAfter'] ?? 0);
  return seconds <= LONGEST_PAUSE_SECONDS ? seconds * 1000 : undefined;
}

/** @throws the signal's reason when aborted */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
