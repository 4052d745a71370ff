import type { Network } from '#core/fetch/network.ts';
import { accessTokens } from './access-tokens.svelte.ts';

/** The page's own connection. */
export const network: Network = {
  fetch: (url, request) => fetch(url, request),
  isOffline: () => !navigator.onLine,
  tokenFor: (url) => accessTokens.of(url),
};
