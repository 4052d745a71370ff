/** What the driver calls in the page; all times in milliseconds. */
export interface DownloadPage {
  start(): void;
  /** Fetches the file into OPFS, without hashes. */
  plain(): Promise<number>;
  /** Opens the package and its file through the store, which is empty before. */
  stored(): Promise<number>;
  /** MB per second. */
  hashes(): Promise<Record<string, number>>;
}
