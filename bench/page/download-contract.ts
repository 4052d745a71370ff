/** Parts of a download, in the order in which they are measured. */
export const STEPS = ['fetch', 'hash', 'write', 'fetch, hash', 'fetch, write', 'fetch, hash, write'] as const;
export type Step = (typeof STEPS)[number];

/** What the driver calls in the page. */
export interface DownloadPage {
  start(): void;
  /** Does one part of a download with the package's file, of `size` bytes. */
  step(step: Step, size: number): Promise<void>;
  /** Opens the package and its file through the store, which is empty before and after. */
  store(): Promise<void>;
}
