import type { Network } from '#core/fetch/network.ts';

/** The worker's own connection. */
export const network: Network = {
  fetch: (url, request) => fetch(url, request),
  isOffline: () => !navigator.onLine,
};
