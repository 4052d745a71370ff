/** What a WebP file says of itself in its first bytes. */
import { latin1 } from '../bytes.ts';

/** True for a WebP of several frames (VP8X with the animation flag; RFC 9649, 2.7). */
export function isAnimatedWebp(head: Uint8Array): boolean {
  return latin1(head.subarray(12, 16)) === 'VP8X' && ((head[20] ?? 0) & 2) !== 0;
}
