import { FailureError } from '#core/failure.ts';

/** Hashes, WebGPU and storage are for pages with https or from localhost only. @throws FailureError `insecure-context` elsewhere */
export function requireSecureContext(): void {
  if (!('subtle' in crypto)) throw new FailureError('insecure-context');
}

/**
 * Hex SHA-256 by the browser, twice as fast as in WebAssembly. The bytes are copied at the call. Chromium computes it on this thread:
 * for chunks of files there is `hashOfChunk`.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  requireSecureContext();
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

export const sha256OfText = (text: string): Promise<string> => sha256(new TextEncoder().encode(text));

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param hex an even number of hexadecimal digits */
export function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
