import type { Network } from '#core/fetch/network.ts';

/** The worker's own connection. */
export const network: Network = {
  fetch: (url, request) => fetch(url, request),
  isOffline: () => !navigator.onLine,
  // Not `location`: that of a worker from a blob is the blob's.
  isSameOrigin: (url) => new URL(url).origin === self.origin,
};
