import { downloadBlob } from './download.ts';
import { pickExportFolder } from './package-folder.ts';

export interface NamedBlob {
  name: string;
  blob: Blob;
}

/**
 * Writes files into a new folder within one that the visitor picks.
 * @returns false when the picker was closed
 * @throws DOMException when the folder cannot be written
 */
export async function saveIntoFolder(folder: string, files: readonly NamedBlob[]): Promise<boolean> {
  const picked = await pickExportFolder();
  if (!picked) return false;
  const into = await picked.getDirectoryHandle(folder, { create: true });
  for (const { name, blob } of files) {
    const stream = await (await into.getFileHandle(name, { create: true })).createWritable();
    await stream.write(blob);
    await stream.close();
  }
  return true;
}

/** One download for each file. */
export function downloadFiles(files: readonly NamedBlob[]): void {
  for (const { name, blob } of files) downloadBlob(blob, name);
}
