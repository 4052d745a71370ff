/** Removes bytes that no package refers to any more. */
import { FailureError } from '#core/failure.ts';
import { BlobStore } from './blobs.ts';
import { PackageRecords, type PackageFolder } from './records.ts';
import { StoredManifest } from './stored-manifest.ts';

/** Bytes that are being written in another tab stay. */
export async function removeGarbage(): Promise<void> {
  const [blobs, records] = [await BlobStore.open(), await PackageRecords.open()];
  if (!blobs || !records) return;
  // In this order: a package refers to its bytes before they are written.
  const ids = await blobs.ids();
  const used = new Set<string>();
  for (const id of await records.ids()) {
    const folder = await records.find(id);
    const named = folder ? await blobsOf(folder) : [];
    // What its manifest named is not known until it is fetched again.
    if (!named) return;
    for (const blob of named) used.add(blob);
  }
  for (const id of ids) if (!used.has(id)) await blobs.remove(id).catch(() => undefined);
}

/** Undefined if the copy of the manifest is broken. */
async function blobsOf(folder: PackageFolder): Promise<string[] | undefined> {
  const named = (await folder.files()).map(({ blob }) => blob);
  if (!(await folder.manifest())) return named;
  const manifest = await manifestOf(folder);
  return manifest && [...named, ...(await manifest.distinct()).map(({ id }) => id)];
}

/** Undefined if the package has none, or a crash broke its copy. */
export async function manifestOf(folder: PackageFolder): Promise<StoredManifest | undefined> {
  const text = await folder.manifest();
  if (!text) return undefined;
  try {
    return new StoredManifest(text);
  } catch (error) {
    if (error instanceof FailureError) return undefined;
    throw error;
  }
}
