import type { Network } from './network.ts';

/** Sends `token` with each request to the origin of `root`, and with no other. */
export function authorized(network: Network, root: string, token: string | undefined): Network {
  if (token === undefined) return network;
  const origin = originOf(root);
  return { ...network, tokenFor: (url) => (originOf(url) === origin ? token : undefined) };
}

/** Scheme, host and port, in lower case. Does not use `URL`, since `core` has no types for it. */
function originOf(url: string): string {
  return (/^https?:\/\/[^/?#\\]+/i.exec(url)?.[0] ?? url).toLowerCase();
}
