import { FailureError } from '#core/failure.ts';
import { madeBytes } from '#core/protocol/making.ts';
import type { StoredPackage, StoredPackages } from '#core/protocol/store.ts';
import { bytesAtHand } from '../blobs.ts';
import { PackageRecords } from '../records.ts';
import { findPackage, partsOf, totalOf, type FoundPackage } from './parts.ts';

export async function listPackages(): Promise<StoredPackages> {
  const records = await PackageRecords.open();
  const packages: StoredPackage[] = [];
  for (const id of (await records?.ids()) ?? []) {
    const found = await describe(id);
    // An address where nothing was found left a record without bytes.
    if (found && (found.storedBytes > 0 || found.making)) packages.push(found);
  }
  packages.sort((a, b) => b.used.localeCompare(a.used));
  const { usage, quota } = await navigator.storage.estimate();
  return {
    packages,
    usedBytes: usage,
    quotaBytes: quota,
    isPersistent: await navigator.storage.persisted(),
    hasStorage: records !== undefined,
  };
}

/** Also one without bytes: its first weight may have been on its way. */
async function describeMaking(id: string, { folder, name, used }: FoundPackage): Promise<StoredPackage> {
  const making = await folder.making();
  const storedBytes = making ? madeBytes(making) : 0;
  return {
    ...{ id, name, url: undefined, storedBytes, used },
    totalBytes: making?.totalBytes ?? storedBytes,
    isChecked: true,
    making: making ?? 'broken',
  };
}

async function describe(id: string): Promise<StoredPackage | undefined> {
  try {
    const found = await findPackage(id);
    if (await found.folder.isBeingMade()) return await describeMaking(id, found);
    const parts = await partsOf(found);
    let storedBytes = 0;
    for (const part of parts)
      if (part.id !== undefined) storedBytes += bytesAtHand(await found.blobs.read(part.id), part.content);
    const { name, url, used, manifest } = found;
    const totalBytes = totalOf(parts.filter((part) => part.id !== undefined));
    return { id, name, url, storedBytes, totalBytes, isChecked: manifest !== undefined, used, making: undefined };
  } catch (error) {
    // A record that a crash left without its contents: the next opening writes it again.
    if (error instanceof FailureError) return undefined;
    throw error;
  }
}
