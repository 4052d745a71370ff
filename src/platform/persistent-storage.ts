/**
 * Asks the browser not to delete what this site stores when the disk becomes full. Firefox asks the visitor, so it is called when
 * somebody chose to download or copy a model. Not awaited: a download need not wait for an answer.
 */
export function keepStorage(): void {
  if (!('storage' in navigator) || !('persist' in navigator.storage)) return;
  navigator.storage.persist().catch(() => undefined);
}

/** Bytes that this page keeps in the browser's storage; undefined if the browser does not report it. */
export async function storageUsed(): Promise<number | undefined> {
  if (!('storage' in navigator) || !('estimate' in navigator.storage)) return undefined;
  try {
    return (await navigator.storage.estimate()).usage;
  } catch {
    // A private window may refuse.
    return undefined;
  }
}
