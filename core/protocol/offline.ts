/** What the page asks its service worker. The answer comes over the port that is sent with the request. */

export type OfflineRequest =
  /** Keep some more files, about a megabyte; or only say what is kept. Answered with `OfflineState`. */
  | { type: 'keep' | 'look'; hasWebGpu: boolean }
  /** Become the active service worker now, although pages of the version before are open. Not answered. */
  | { type: 'take-over' };

/**
 * Why files are missing: no answer from the server, the browser's storage took no more, or the server has another
 * version of the page by now.
 */
export type OfflineFailure = 'network' | 'storage' | 'other-version';

/** How much of the page is kept. It is whole when `keptBytes` is `totalBytes`. */
export interface OfflineState {
  keptBytes: number;
  totalBytes: number;
  failure: OfflineFailure | undefined;
}
