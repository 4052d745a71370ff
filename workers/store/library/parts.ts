/** The files of a stored package and where their bytes are. */
import { FailureError } from '#core/failure.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { MANIFEST } from '#core/protocol/manifest.ts';
import { BlobStore, completeFile, type BlobContent } from '../blobs.ts';
import { manifestOf } from '../garbage.ts';
import { PackageRecords, type PackageFolder } from '../records.ts';
import type { StoredManifest } from '../stored-manifest.ts';

export interface FoundPackage {
  folder: PackageFolder;
  blobs: BlobStore;
  /** Of the manifest, else of the folder or address. */
  name: string;
  url: string | undefined;
  used: string;
  /** Undefined for packages of other exporters. */
  manifest: StoredManifest | undefined;
}

export interface Part {
  path: string;
  /** Undefined for the manifest, whose bytes are in the record. */
  id: string | undefined;
  content: BlobContent;
  /** The bytes of the manifest. */
  bytes?: Blob;
}

/** @throws FailureError file-missing if no such package is here, no-storage */
export async function findPackage(id: string): Promise<FoundPackage> {
  const [blobs, records] = [await BlobStore.open(), await PackageRecords.open()];
  if (!blobs || !records) throw new FailureError('no-storage');
  const folder = await records.find(id);
  const record = await folder?.record();
  if (!folder || !record) throw new FailureError('file-missing', { file: id.slice(0, 12) });
  const manifest = await manifestOf(folder);
  const name = (manifest && nameIn(await manifest.blob.text())) ?? record.name;
  return { folder, blobs, name, url: record.url, used: record.used, manifest };
}

/** As `findPackage`. @throws FailureError also package-unfinished: a part of a package is no package */
export async function findWhole(id: string): Promise<FoundPackage> {
  const found = await findPackage(id);
  if (await found.folder.isBeingMade()) throw new FailureError('package-unfinished', { name: found.name });
  return found;
}

/** Files with the same bytes come once. */
export async function partsOf({ folder, manifest }: FoundPackage): Promise<Part[]> {
  if (!manifest)
    return (await folder.files()).map(({ path, blob, size, chunkSize }) => ({
      path,
      id: blob,
      content: { size, chunkSize, hashes: undefined },
    }));
  const { blob } = manifest;
  const content = { size: blob.size, chunkSize: blob.size, hashes: undefined };
  return [{ path: MANIFEST, id: undefined, content, bytes: blob }, ...(await manifest.distinct())];
}

/** The bytes of the file if all of them are here. */
export async function fileOfPart(blobs: BlobStore, { id, content, bytes }: Part): Promise<Blob | undefined> {
  return bytes ?? (id === undefined ? undefined : completeFile(await blobs.read(id), content));
}

export const totalOf = (parts: readonly Part[]): number => parts.reduce((sum, { content }) => sum + content.size, 0);

/** The manifest is read as far as it must be: one of a later format has a name too. */
function nameIn(text: string): string | undefined {
  const json = parseJson(text, MANIFEST);
  const name = typeof json === 'object' && json !== null && 'name' in json ? json.name : undefined;
  return typeof name === 'string' && name !== '' ? name.slice(0, 200) : undefined;
}
